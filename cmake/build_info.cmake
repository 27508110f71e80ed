# cmake -DSOURCE=DIR -DOUT=FILE -P build_info.cmake: writes what is built into a C file, when it is not in there yet. Run by every build,
# so that a commit costs one file and one link. The date is SOURCE_DATE_EPOCH or that of the commit, never that of the build: the same
# commit gives the same bytes. Outside of a git tree: the environment's ASB_GIT_COMMIT, or "unknown".
cmake_minimum_required(VERSION 3.25)
set(commit "$ENV{ASB_GIT_COMMIT}")
set(epoch "$ENV{SOURCE_DATE_EPOCH}")
find_program(GIT git)
if(GIT AND NOT commit AND EXISTS ${SOURCE}/.git)
    execute_process(COMMAND ${GIT} -C ${SOURCE} log -1 "--format=%H %ct" OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    execute_process(COMMAND ${GIT} -C ${SOURCE} diff --quiet HEAD RESULT_VARIABLE dirty ERROR_QUIET)
    if(found MATCHES "^([0-9a-f]+) ([0-9]+)$")
        set(commit ${CMAKE_MATCH_1})
        if(NOT epoch)
            set(epoch ${CMAKE_MATCH_2})
        endif()
        if(NOT dirty EQUAL 0)
            string(APPEND commit "-dirty")
        endif()
    endif()
endif()
if(NOT commit MATCHES "^[0-9A-Za-z._-]+$")
    set(commit unknown)
endif()
set(date unknown)
if(epoch MATCHES "^[0-9]+$")
    set(ENV{SOURCE_DATE_EPOCH} ${epoch})
    string(TIMESTAMP date "%Y-%m-%dT%H:%M:%SZ" UTC)
endif()
file(CONFIGURE OUTPUT ${OUT} @ONLY CONTENT "/* Written by cmake/build_info.cmake. */
#include \"lib/base/build_info.h\"

const char build_git_commit[] = \"@commit@\";
const char build_date[] = \"@date@\";
")
