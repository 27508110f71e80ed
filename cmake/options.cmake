# What every C file of the project is compiled with.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(ASB_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(ASB_TSAN "ThreadSanitizer" OFF)
option(ASB_COVERAGE "gcov instrumentation" OFF)
option(ASB_FUZZ "build the fuzzers with libFuzzer (clang)" OFF)
option(ASB_WERROR "compiler warnings are errors" OFF)

# ccache makes a second build of the same tree, in another folder or in CI, nearly free.
find_program(ASB_CCACHE ccache)
if(ASB_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER ${ASB_CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${ASB_CCACHE})
endif()

# Generated code and third-party sources are compiled without these.
add_library(asb_warnings INTERFACE)
target_compile_options(asb_warnings INTERFACE
    $<$<COMPILE_LANGUAGE:C>:-Wall -Wextra -Wshadow -Wswitch-enum -Wmissing-prototypes
        -Wstrict-prototypes -Wpointer-arith -Wwrite-strings -Wvla -Wformat=2
        -Wno-missing-field-initializers>)
if(ASB_WERROR)
    target_compile_options(asb_warnings INTERFACE -Werror)
endif()

add_compile_options(-fno-omit-frame-pointer -ffunction-sections -fdata-sections -fno-common
                    $<$<COMPILE_LANGUAGE:C>:-fno-strict-aliasing>)
add_link_options(-Wl,--gc-sections)
add_compile_definitions(_GNU_SOURCE)

if(ASB_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
    add_link_options(-fsanitize=address,undefined)
elseif(ASB_TSAN)
    add_compile_options(-fsanitize=thread)
    add_link_options(-fsanitize=thread)
else()
    add_compile_options(-fstack-protector-strong -fstack-clash-protection
                        $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
    add_link_options(-Wl,-z,relro,-z,now)
endif()
if(ASB_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(ASB_COVERAGE)
    add_compile_options(--coverage)
    add_link_options(--coverage)
endif()
