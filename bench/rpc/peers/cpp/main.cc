// The echo service of bench/rpc on grpc++ (callback interface): cpp-echo ADDRESS [CERT KEY].
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <grpcpp/grpcpp.h>

#include "echo.grpc.pb.h"

namespace {

constexpr int kMaxMessage = 64 << 20;

class BidiReactor : public grpc::ServerBidiReactor<bench::Msg, bench::Msg> {
public:
    BidiReactor() { StartRead(&msg_); }
    void OnReadDone(bool ok) override
    {
        if (ok)
            StartWrite(&msg_);
        else
            Finish(grpc::Status::OK);
    }
    void OnWriteDone(bool ok) override
    {
        if (ok)
            StartRead(&msg_);
        else
            Finish(grpc::Status::OK);
    }
    void OnDone() override { delete this; }

private:
    bench::Msg msg_;
};

class EchoService : public bench::Echo::CallbackService {
    grpc::ServerUnaryReactor *Unary(grpc::CallbackServerContext *context, const bench::Msg *request,
                                    bench::Msg *response) override
    {
        grpc::ServerUnaryReactor *reactor = context->DefaultReactor();

        response->set_payload(request->payload());
        reactor->Finish(grpc::Status::OK);
        return reactor;
    }
    grpc::ServerBidiReactor<bench::Msg, bench::Msg> *Bidi(grpc::CallbackServerContext *) override
    {
        return new BidiReactor;
    }
};

std::string ReadFile(const char *path)
{
    std::ifstream file(path);
    std::stringstream text;

    text << file.rdbuf();
    return text.str();
}

std::shared_ptr<grpc::ServerCredentials> Credentials(int argc, char **argv)
{
    grpc::SslServerCredentialsOptions options;

    if (argc != 4)
        return grpc::InsecureServerCredentials();
    options.pem_key_cert_pairs.push_back({ReadFile(argv[3]), ReadFile(argv[2])});
    return grpc::SslServerCredentials(options);
}

} // namespace

int main(int argc, char **argv)
{
    EchoService service;
    grpc::ServerBuilder builder;

    if (argc != 2 && argc != 4) {
        std::fprintf(stderr, "usage: cpp-echo ADDRESS [CERT KEY]\n");
        return 2;
    }
    builder.AddListeningPort(argv[1], Credentials(argc, argv));
    builder.RegisterService(&service);
    builder.SetMaxReceiveMessageSize(kMaxMessage);
    std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
    if (!server)
        return 1;
    server->Wait();
    return 0;
}
