// Identifiers: those that protoc-c gave its messages, and those that we give methods and services.
#pragma once

#include <string>

namespace rpc_c
{

// protoc-c's names (its c_helpers.cc), since its headers are what our code includes:
// "a.b.FooBar" -> "A__B__FooBar" and "a__b__foo_bar".
std::string message_type(const std::string &full_name);
std::string message_lower(const std::string &full_name);

// "ClaimService" -> "claim_service", "HTTPServer" -> "http_server", "Get2" -> "get2".
std::string snake(const std::string &name);
// "agentsandbox.v1.ClaimService" -> "agentsandbox_v1_claim_service".
std::string symbol(const std::string &full_name);
// "agentsandbox/v1/claim.proto" -> "agentsandbox_v1_claim_proto". May be no identifier when the
// path begins with a digit: the caller puts nothing before it, so it asks is_plain_path() first.
std::string file_symbol(const std::string &path);
// A path that may stand in an #include line and whose file_symbol() is an identifier.
bool is_plain_path(const std::string &path);

// A method's name as member of its handler struct: never a C or C++ keyword, never "user".
std::string member(const std::string &method_name);

// "a/b.proto" -> "a/b"
std::string strip_proto(const std::string &path);

// Bytes as C string literals, one per line, each line indented; readable where they are text.
std::string literals(const std::string &bytes, const std::string &indent);

} // namespace rpc_c
