#include "names.h"

#include <array>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <set>

namespace rpc_c
{

namespace
{

// <cctype> wants values of unsigned char; names are ASCII once the descriptor pool has taken them.
bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

char lower(char c)
{
    return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

char upper(char c)
{
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// protoc-c's CamelToLower
std::string camel_to_lower(const std::string &name)
{
    std::string ret;
    bool was_upper = true;

    for (char c : name) {
        if (is_upper(c) && !was_upper)
            ret += '_';
        ret += lower(c);
        was_upper = is_upper(c);
    }
    return ret;
}

// protoc-c's ToCamel
std::string to_camel(const std::string &name)
{
    std::string ret;
    bool next_is_upper = true;

    for (char c : name) {
        if (c == '_') {
            next_is_upper = true;
            continue;
        }
        ret += next_is_upper ? upper(c) : c;
        next_is_upper = false;
    }
    return ret;
}

template <typename F>
std::string join_pieces(const std::string &full_name, const std::string &between, F convert)
{
    std::string ret;
    size_t start = 0;

    while (start <= full_name.size()) {
        size_t dot = full_name.find('.', start);
        size_t end = dot == std::string::npos ? full_name.size() : dot;

        if (end > start) {
            if (!ret.empty())
                ret += between;
            ret += convert(full_name.substr(start, end - start));
        }
        start = end + 1;
    }
    return ret;
}

} // namespace

std::string message_type(const std::string &full_name)
{
    return join_pieces(full_name, "__", to_camel);
}

std::string message_lower(const std::string &full_name)
{
    return join_pieces(full_name, "__", camel_to_lower);
}

std::string snake(const std::string &name)
{
    std::string ret;

    for (size_t i = 0; i < name.size(); i++) {
        bool begins_word = i > 0 && is_upper(name[i]) && name[i - 1] != '_' &&
                           (!is_upper(name[i - 1]) ||
                            (i + 1 < name.size() && name[i + 1] >= 'a' && name[i + 1] <= 'z'));

        if (begins_word)
            ret += '_';
        ret += lower(name[i]);
    }
    return ret;
}

std::string symbol(const std::string &full_name)
{
    return join_pieces(full_name, "_", snake);
}

std::string file_symbol(const std::string &path)
{
    std::string ret;

    for (char c : path)
        ret += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
    return ret;
}

bool is_plain_path(const std::string &path)
{
    if (path.empty() || std::isdigit(static_cast<unsigned char>(path[0])))
        return false;
    for (char c : path) {
        bool is_word = (c >= 'a' && c <= 'z') || is_upper(c) || (c >= '0' && c <= '9');

        if (!is_word && c != '_' && c != '-' && c != '.' && c != '/')
            return false;
    }
    return true;
}

std::string member(const std::string &method_name)
{
    // C17 and C++17 words that are lower-case identifiers, and our own member.
    static const std::set<std::string> taken = {
        "user",      "alignas",   "alignof",   "and",      "asm",      "auto",     "bool",
        "break",     "case",      "catch",     "char",     "class",    "compl",    "const",
        "constexpr", "continue",  "decltype",  "default",  "delete",   "do",       "double",
        "else",      "enum",      "explicit",  "export",   "extern",   "false",    "float",
        "for",       "friend",    "goto",      "if",       "inline",   "int",      "long",
        "mutable",   "namespace", "new",       "noexcept", "not",      "nullptr",  "operator",
        "or",        "private",   "protected", "public",   "register", "restrict", "return",
        "short",     "signed",    "sizeof",    "static",   "struct",   "switch",   "template",
        "this",      "throw",     "true",      "try",      "typedef",  "typeid",   "typename",
        "union",     "unsigned",  "using",     "virtual",  "void",     "volatile", "while",
        "xor",       "linux",     "unix",      "typeof"};
    std::string name = snake(method_name);

    return taken.count(name) ? name + "_" : name;
}

std::string strip_proto(const std::string &path)
{
    static const std::string ending = ".proto";

    if (path.size() > ending.size() &&
        path.compare(path.size() - ending.size(), ending.size(), ending) == 0)
        return path.substr(0, path.size() - ending.size());
    return path;
}

std::string literals(const std::string &bytes, const std::string &indent)
{
    std::string ret, line;

    for (unsigned char c : bytes) {
        // '?' could begin a trigraph; an octal escape of three digits needs no care for what
        // follows.
        if (c >= 0x20 && c < 0x7F && c != '"' && c != '\\' && c != '?') {
            line += static_cast<char>(c);
        } else {
            std::array<char, 5> escape{};

            (void)std::snprintf(escape.data(), escape.size(), "\\%03o", c);
            line += escape.data();
        }
        if (line.size() >= 84) {
            ret += indent + "\"" + line + "\"\n";
            line.clear();
        }
    }
    if (!line.empty() || ret.empty())
        ret += indent + "\"" + line + "\"\n";
    ret.pop_back();
    return ret;
}

} // namespace rpc_c
