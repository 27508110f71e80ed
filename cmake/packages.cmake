# The Debian packages we build on, as imported targets. What links into the static agent comes
# twice: pkg::x (shared) and static::x (its .a).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(asb_pkg name module)
    pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${module})
    add_library(pkg::${name} ALIAS PkgConfig::${name})
endfunction()

function(asb_static name file)
    find_library(ASB_STATIC_${name} NAMES ${file} REQUIRED)
    add_library(static::${name} STATIC IMPORTED)
    set_target_properties(static::${name} PROPERTIES IMPORTED_LOCATION ${ASB_STATIC_${name}})
endfunction()

asb_pkg(nghttp2 libnghttp2)
asb_pkg(protobufc libprotobuf-c)
asb_pkg(uv libuv)
asb_pkg(ssl openssl)
asb_pkg(yaml yaml-0.1)
asb_pkg(sqlite sqlite3)
asb_pkg(seccomp libseccomp)
asb_pkg(capng libcap-ng)
asb_pkg(zlib zlib)
asb_pkg(cares libcares)
asb_pkg(curl libcurl)

asb_static(nghttp2 libnghttp2.a)
asb_static(protobufc libprotobuf-c.a)
asb_static(uv libuv_a.a)
asb_static(zlib libz.a)
asb_static(ssl libssl.a)
pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson)  # for tests; pkg::jansson is lib/json, which stands in for half of it
asb_static(crypto libcrypto.a)
asb_static(jansson libjansson.a)

# llhttp: Debian ships its C source only (node-llhttp); compiled here, without our warnings.
set(ASB_LLHTTP_DIR /usr/share/llhttp)
if(EXISTS ${ASB_LLHTTP_DIR}/llhttp.c)
    add_library(llhttp STATIC ${ASB_LLHTTP_DIR}/llhttp.c ${ASB_LLHTTP_DIR}/api.c ${ASB_LLHTTP_DIR}/http.c)
    target_include_directories(llhttp SYSTEM PUBLIC /usr/share/include/llhttp)
    target_compile_options(llhttp PRIVATE -w)
endif()
