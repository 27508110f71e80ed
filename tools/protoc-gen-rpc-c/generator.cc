#include "generator.h"

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/printer.h>
#include <google/protobuf/io/zero_copy_stream.h>

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "names.h"

namespace rpc_c
{

namespace
{

using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using google::protobuf::SourceLocation;
using google::protobuf::io::Printer;
using Vars = std::map<std::string, std::string>;

// Leading comment as a C comment, or "". The text is free: it must not end the comment early.
template <typename D> std::string doc(const D *descriptor, const std::string &indent)
{
    SourceLocation where;
    std::string ret, text;

    if (!descriptor->GetSourceLocation(&where) || where.leading_comments.empty())
        return "";
    for (char c : where.leading_comments) {
        if (c == '\r' || c == '\0')
            continue;
        if (c == '/' && !text.empty() && text.back() == '*')
            text += ' ';
        if (c == '*' && !text.empty() && text.back() == '/')
            text += ' ';
        text += c;
    }
    while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
        text.pop_back();
    ret = indent + "/*\n" + indent + " *";
    for (char c : text) {
        ret += c;
        if (c == '\n')
            ret += indent + " *";
    }
    return ret + "\n" + indent + " */\n";
}

Vars method_vars(const MethodDescriptor *m)
{
    std::string service = symbol(m->service()->full_name());

    return {
        {"svc", service},
        {"fn", service + "_" + snake(m->name())},
        {"member", member(m->name())},
        {"path", "/" + m->service()->full_name() + "/" + m->name()},
        {"in", message_type(m->input_type()->full_name())},
        {"out", message_type(m->output_type()->full_name())},
        {"in_desc", message_lower(m->input_type()->full_name()) + "__descriptor"},
        {"out_desc", message_lower(m->output_type()->full_name()) + "__descriptor"},
        {"client", m->client_streaming() ? "true" : "false"},
        {"server", m->server_streaming() ? "true" : "false"},
        {"i", std::to_string(m->index())},
    };
}

bool is_unary(const MethodDescriptor *m)
{
    return !m->client_streaming() && !m->server_streaming();
}

const char *kind(const MethodDescriptor *m)
{
    if (m->client_streaming())
        return m->server_streaming() ? "both ways streaming" : "client-streaming";
    return m->server_streaming() ? "server-streaming" : "unary";
}

// ---- names that we define, each once ----

class Symbols
{
  public:
    explicit Symbols(std::string *error) : error_(error)
    {
    }

    bool add(const std::string &name, const std::string &of)
    {
        auto [it, is_new] = seen_.emplace(name, of);

        if (!is_new)
            *error_ = of + " and " + it->second + " would both be \"" + name +
                      "\" in C: rename one of them";
        return is_new;
    }

  private:
    std::map<std::string, std::string> seen_;
    std::string *error_;
};

bool check_service(const ServiceDescriptor *service, Symbols *symbols, std::string *error)
{
    std::string svc = symbol(service->full_name());
    std::map<std::string, std::string> members;

    for (const char *ending : {"", "_methods", "_register"}) {
        if (!symbols->add(svc + ending, service->full_name()))
            return false;
    }
    for (int i = 0; i < service->method_count(); i++) {
        const MethodDescriptor *m = service->method(i);

        for (const char *ending : {"", "_method", "_accept", "_send", "_reply", "_handle"}) {
            if (!symbols->add(method_vars(m)["fn"] + ending, m->full_name()))
                return false;
        }
        if (!members.emplace(member(m->name()), m->full_name()).second) {
            *error = m->full_name() + ": another method is also \"" + member(m->name()) +
                     "\" in C: rename one of them";
            return false;
        }
    }
    return true;
}

bool check_file(const FileDescriptor *file, std::string *error)
{
    Symbols symbols(error);

    if (!is_plain_path(file->name())) {
        *error = "the path \"" + file->name() +
                 "\" cannot stand in an #include line: use [A-Za-z0-9_./-], not a digit first";
        return false;
    }
    for (int i = 0; i < file->dependency_count(); i++) {
        if (!is_plain_path(file->dependency(i)->name())) {
            *error = file->name() + " imports \"" + file->dependency(i)->name() +
                     "\", which cannot stand in an #include line";
            return false;
        }
    }
    for (const char *own :
         {"handle", "handle_unimplemented", "start_with_request", "file_data", "file_deps"})
        (void)symbols.add(own, "the generated code"); // the first ones: they cannot collide yet
    for (int i = 0; i < file->service_count(); i++) {
        if (!check_service(file->service(i), &symbols, error))
            return false;
    }
    return true;
}

// ---- x.rpc.h ----

void print_impl(Printer *p, const ServiceDescriptor *service)
{
    Vars svc = {{"svc", symbol(service->full_name())}, {"name", service->full_name()}};

    p->Print(svc, "/* Handlers of $name$; one that is NULL answers UNIMPLEMENTED. */\n"
                  "struct $svc$_impl {\n"
                  "    void *user;\n");
    for (int i = 0; i < service->method_count(); i++) {
        const MethodDescriptor *m = service->method(i);

        if (m->client_streaming())
            p->Print(method_vars(m), "    /* sets its callbacks with $fn$_accept() */\n"
                                     "    void (*$member$)(struct rpc_call *call, void *user);\n");
        else
            p->Print(method_vars(m),
                     "    void (*$member$)(struct rpc_call *call, const $in$ *request, "
                     "void *user);\n");
    }
    p->Print(svc, "};\n\n"
                  "/* impl must outlive the server. */\n"
                  "int $svc$_register(struct rpc_server *s, const struct $svc$_impl *impl,\n"
                  "    struct err *err);\n\n");
}

void print_client_prototype(Printer *p, const MethodDescriptor *m, const char *end)
{
    Vars v = method_vars(m);

    p->Print(v, "int $fn$(struct rpc_channel *ch, const struct rpc_call_opts *opts,\n    ");
    if (!m->client_streaming())
        p->Print(v, "const $in$ *request, ");
    p->Print(is_unary(m) ? "rpc_unary_fn fn, " : "const struct rpc_msg_ops *ops, ");
    p->Print("void *user,\n    struct rpc_call **ret, struct err *err)");
    p->Print(end);
}

void print_method_header(Printer *p, const MethodDescriptor *m)
{
    Vars v = method_vars(m);

    p->Print("/* ---- $path$: $kind$ ---- */\n", "path", v["path"], "kind", kind(m));
    p->PrintRaw(doc(m, ""));
    p->Print(v, "extern const struct rpc_method_desc $fn$_method;\n");
    print_client_prototype(p, m, ";\n");
    if (m->client_streaming())
        p->Print(v, "/* Client. */\n"
                    "static inline int $fn$_send(struct rpc_call *call, const $in$ *msg,\n"
                    "    struct err *err)\n"
                    "{\n"
                    "    return rpc_send(call, &msg->base, err);\n"
                    "}\n");
    p->Print(
        v, "/* Server: who is told what becomes of the call; ops must outlive it. */\n"
           "static inline void $fn$_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,\n"
           "    void *user)\n"
           "{\n"
           "    rpc_accept(call, &$fn$_method, ops, user);\n"
           "}\n");
    if (m->server_streaming())
        p->Print(v, "/* Server. */\n"
                    "static inline int $fn$_reply(struct rpc_call *call, const $out$ *msg,\n"
                    "    struct err *err)\n"
                    "{\n"
                    "    return rpc_send(call, &msg->base, err);\n"
                    "}\n");
    else
        p->Print(v, "/* Server: sends and finishes with OK. */\n"
                    "static inline void $fn$_reply(struct rpc_call *call, const $out$ *msg)\n"
                    "{\n"
                    "    rpc_reply(call, &msg->base);\n"
                    "}\n");
    p->Print("\n");
}

void print_header(Printer *p, const FileDescriptor *file)
{
    Vars v = {{"file", file->name()},
              {"base", strip_proto(file->name())},
              {"sym", file_symbol(file->name())}};

    p->Print(v, "/* Generated from $file$ by protoc-gen-rpc-c. Do not edit. */\n"
                "#pragma once\n"
                "#include \"$base$.pb-c.h\"\n"
                "#include \"lib/rpc/service.h\"\n\n"
                "#ifdef __cplusplus\n"
                "extern \"C\" {\n"
                "#endif\n\n"
                "extern const struct rpc_file_desc $sym$_file;\n\n");
    for (int i = 0; i < file->service_count(); i++) {
        const ServiceDescriptor *service = file->service(i);

        p->Print("/* ======== $name$ ======== */\n", "name", service->full_name());
        p->PrintRaw(doc(service, ""));
        p->Print("extern const struct rpc_service_desc $svc$;\n\n", "svc",
                 symbol(service->full_name()));
        for (int j = 0; j < service->method_count(); j++)
            print_method_header(p, service->method(j));
        print_impl(p, service);
    }
    p->Print("#ifdef __cplusplus\n"
             "}\n"
             "#endif\n");
}

// ---- x.rpc.c ----

void print_file_desc(Printer *p, const FileDescriptor *file)
{
    FileDescriptorProto proto;
    std::string bytes;

    file->CopyTo(&proto); // without the comments
    if (!proto.SerializeToString(&bytes))
        bytes.clear();
    p->Print("static const uint8_t file_data[] =\n");
    p->PrintRaw(literals(bytes, "    "));
    p->Print(";\n\n"
             "static const struct rpc_file_desc *const file_deps[] = {\n");
    for (int i = 0; i < file->dependency_count(); i++)
        p->Print("    &$dep$_file,\n", "dep", file_symbol(file->dependency(i)->name()));
    p->Print("    NULL,\n"
             "};\n\n"
             "const struct rpc_file_desc $sym$_file = {\n"
             "    .name = \"$file$\",\n"
             "    .data = file_data,\n"
             "    .n = sizeof(file_data) - 1, /* without the NUL of the literal */\n"
             "    .deps = file_deps,\n"
             "};\n",
             "sym", file_symbol(file->name()), "file", file->name());
}

void print_method_desc(Printer *p, const MethodDescriptor *m, const std::string &indent)
{
    Vars v = method_vars(m);

    v["t"] = indent;
    p->Print(v, "$t$    .path = \"$path$\",\n"
                "$t$    .input = &$in_desc$,\n"
                "$t$    .output = &$out_desc$,\n"
                "$t$    .client_streaming = $client$,\n"
                "$t$    .server_streaming = $server$,\n");
}

void print_client(Printer *p, const MethodDescriptor *m)
{
    Vars v = method_vars(m);

    print_client_prototype(p, m, "\n{\n");
    if (is_unary(m))
        p->Print(
            v,
            "    return rpc_unary(ch, &$fn$_method, opts, &request->base, fn, user, ret, err);\n");
    else if (m->client_streaming())
        p->Print(v, "    return rpc_start(ch, &$fn$_method, opts, ops, user, ret, err);\n");
    else
        p->Print(
            v,
            "    return start_with_request(ch, &$fn$_method, opts, &request->base, ops, user, ret,\n"
            "        err);\n");
    p->Print("}\n\n");
}

void print_handler(Printer *p, const MethodDescriptor *m)
{
    Vars v = method_vars(m);

    p->Print(v, "static void $fn$_handle(struct rpc_call *call, const ProtobufCMessage *request,\n"
                "    void *user)\n"
                "{\n"
                "    const struct $svc$_impl *impl = user;\n\n");
    if (m->client_streaming())
        p->Print(v, "    (void)request;\n"
                    "    impl->$member$(call, impl->user);\n");
    else
        p->Print(v, "    impl->$member$(call, (const $in$ *)request, impl->user);\n");
    p->Print("}\n\n");
}

void print_register(Printer *p, const ServiceDescriptor *service)
{
    Vars svc = {{"svc", symbol(service->full_name())}};

    p->Print(svc, "int $svc$_register(struct rpc_server *s, const struct $svc$_impl *impl,\n"
                  "    struct err *err)\n"
                  "{\n");
    if (service->method_count() == 0)
        p->Print("    (void)s;\n"
                 "    (void)impl;\n"
                 "    (void)err;\n");
    for (int i = 0; i < service->method_count(); i++)
        p->Print(
            method_vars(service->method(i)),
            "    if (handle(s, &$fn$_method, impl->$member$ ? $fn$_handle : NULL, impl, err) < 0)\n"
            "        return -1;\n");
    p->Print("    return 0;\n"
             "}\n");
}

void print_service(Printer *p, const ServiceDescriptor *service, const std::string &file_sym)
{
    Vars svc = {{"svc", symbol(service->full_name())},
                {"name", service->full_name()},
                {"file", file_sym},
                {"n", std::to_string(service->method_count())}};

    p->Print(svc, "\n/* ======== $name$ ======== */\n\n");
    for (int i = 0; i < service->method_count(); i++) {
        p->Print(method_vars(service->method(i)), "const struct rpc_method_desc $fn$_method = {\n");
        print_method_desc(p, service->method(i), "");
        p->Print("};\n\n");
    }
    if (service->method_count() > 0) {
        p->Print(svc, "static const struct rpc_method_desc $svc$_methods[] = {\n");
        for (int i = 0; i < service->method_count(); i++) {
            p->Print("    {\n");
            print_method_desc(p, service->method(i), "    ");
            p->Print("    },\n");
        }
        p->Print("};\n\n");
    } else {
        p->Print(svc, "#define $svc$_methods NULL\n\n");
    }
    p->Print(svc, "const struct rpc_service_desc $svc$ = {\n"
                  "    .name = \"$name$\",\n"
                  "    .methods = $svc$_methods,\n"
                  "    .n_methods = $n$,\n"
                  "    .file = &$file$_file,\n"
                  "};\n\n");
    for (int i = 0; i < service->method_count(); i++)
        print_client(p, service->method(i));
    for (int i = 0; i < service->method_count(); i++)
        print_handler(p, service->method(i));
    print_register(p, service);
}

// What the services of a file share. Static, and only where used: an unused one would be a warning.
void print_helpers(Printer *p, const FileDescriptor *file)
{
    bool has_methods = false, has_server_streaming = false;

    for (int i = 0; i < file->service_count(); i++) {
        for (int j = 0; j < file->service(i)->method_count(); j++) {
            const MethodDescriptor *m = file->service(i)->method(j);

            has_methods = true;
            has_server_streaming |= m->server_streaming() && !m->client_streaming();
        }
    }
    if (has_methods)
        p->Print(
            "\nstatic void handle_unimplemented(struct rpc_call *call, void *user)\n"
            "{\n"
            "    (void)user;\n"
            "    rpc_call_finish(call, RPC_UNIMPLEMENTED, \"this server does not implement the method\");\n"
            "}\n\n"
            "/* A method without handler is taken too: a proxy behind must not get it. */\n"
            "static int handle(struct rpc_server *s, const struct rpc_method_desc *m,\n"
            "    rpc_msg_handler handler, const void *impl, struct err *err)\n"
            "{\n"
            "    if (!handler)\n"
            "        return rpc_server_handle(s, m->path, handle_unimplemented, NULL, err);\n"
            "    return rpc_server_handle_method(s, m, handler, (void *)impl, err);\n"
            "}\n");
    if (has_server_streaming)
        p->Print(
            "\nstatic int start_with_request(struct rpc_channel *ch, const struct rpc_method_desc *m,\n"
            "    const struct rpc_call_opts *opts, const ProtobufCMessage *request,\n"
            "    const struct rpc_msg_ops *ops, void *user, struct rpc_call **ret, struct err *err)\n"
            "{\n"
            "    struct rpc_call *call;\n\n"
            "    if (rpc_start(ch, m, opts, ops, user, &call, err) < 0)\n"
            "        return -1;\n"
            "    if (rpc_send(call, request, err) < 0) {\n"
            "        rpc_call_abandon(call);\n"
            "        return -1;\n"
            "    }\n"
            "    rpc_call_send_end(call);\n"
            "    if (ret)\n"
            "        *ret = call;\n"
            "    return 0;\n"
            "}\n");
}

void print_source(Printer *p, const FileDescriptor *file)
{
    p->Print("/* Generated from $file$ by protoc-gen-rpc-c. Do not edit. */\n"
             "#include \"$base$.rpc.h\"\n",
             "file", file->name(), "base", strip_proto(file->name()));
    for (int i = 0; i < file->dependency_count(); i++)
        p->Print("#include \"$base$.rpc.h\"\n", "base", strip_proto(file->dependency(i)->name()));
    p->Print("\n");
    print_file_desc(p, file);
    print_helpers(p, file);
    for (int i = 0; i < file->service_count(); i++)
        print_service(p, file->service(i), file_symbol(file->name()));
}

} // namespace

bool Generator::Generate(const FileDescriptor *file, const std::string &parameter,
                         google::protobuf::compiler::GeneratorContext *context,
                         std::string *error) const
{
    if (!parameter.empty()) {
        *error = "unknown parameter \"" + parameter + "\": this plugin takes none";
        return false;
    }
    if (!check_file(file, error))
        return false;

    struct {
        const char *ending;
        void (*print)(Printer *, const FileDescriptor *);
    } const outputs[] = {{".rpc.h", print_header}, {".rpc.c", print_source}};

    for (const auto &output : outputs) {
        std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> stream(
            context->Open(strip_proto(file->name()) + output.ending));
        Printer printer(stream.get(), '$');

        output.print(&printer, file);
        if (printer.failed()) {
            *error = std::string("writing ") + output.ending + " failed";
            return false;
        }
    }
    return true;
}

} // namespace rpc_c
