# shellcheck shell=bash disable=SC2034
# The generators, pinned. protoc (3.21.12) and protoc-c (1.4.1) are Debian 12's, as is libprotoc, which our plugin is built on.
