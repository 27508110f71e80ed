#pragma once
/* What was built. Link build_info (cmake/build_info.cmake writes it at every build). */

extern const char build_git_commit[]; /* 40 hex digits, "-dirty" after them when files were changed;
                                         or "unknown" */
extern const char
    build_date[]; /* RFC 3339: SOURCE_DATE_EPOCH, or when the commit was made; or "unknown"   */
