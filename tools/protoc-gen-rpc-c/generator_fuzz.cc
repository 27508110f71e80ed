// Any CodeGeneratorRequest either makes code or is refused: no crash, no undefined behaviour. The
// input is the text of a .proto file or, when it begins with a NUL, a serialised
// FileDescriptorProto, since protoc's parser would never let through what a hand-made request may
// hold.
#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "generator.h"

namespace
{

namespace pb = google::protobuf;

class Memory : public pb::compiler::GeneratorContext
{
  public:
    pb::io::ZeroCopyOutputStream *Open(const std::string &name) override
    {
        return new pb::io::StringOutputStream(&files_[name]);
    }

  private:
    std::map<std::string, std::string> files_;
};

class Quiet : public pb::DescriptorPool::ErrorCollector, public pb::io::ErrorCollector
{
  public:
    void AddError(const std::string &, const std::string &, const pb::Message *, ErrorLocation,
                  const std::string &) override
    {
    }
    void AddError(int, pb::io::ColumnNumber, const std::string &) override
    {
    }
};

bool read_proto(const uint8_t *data, size_t n, pb::FileDescriptorProto *ret)
{
    if (n > 0 && data[0] == 0)
        return ret->ParseFromArray(data + 1, static_cast<int>(n - 1));

    Quiet quiet;
    pb::io::ArrayInputStream in(data, static_cast<int>(n));
    pb::io::Tokenizer tokenizer(&in, &quiet);
    pb::compiler::Parser parser;

    ret->set_name("fuzz.proto");
    return parser.Parse(&tokenizer, ret);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    pb::FileDescriptorProto proto, imported;
    pb::DescriptorPool pool;
    Quiet quiet;

    if (n > 1 << 20 || !read_proto(data, n, &proto))
        return 0;

    // An empty file of each imported name, so that imports resolve.
    for (const std::string &name : proto.dependency()) {
        imported.set_name(name);
        (void)pool.BuildFileCollectingErrors(imported, &quiet);
    }

    const pb::FileDescriptor *file = pool.BuildFileCollectingErrors(proto, &quiet);
    Memory context;
    std::string error;

    if (file && !rpc_c::Generator().Generate(file, "", &context, &error) && error.empty())
        abort(); // refused without a sentence
    return 0;
}

#ifdef FUZZ_MAIN
// Each file as it is, then 3,000 mutations of it as text and as a descriptor, the same ones in
// every run.
int main(int argc, char *argv[])
{
    std::mt19937 random(1);

    for (int i = 1; i < argc; i++) {
        std::ifstream in(argv[i], std::ios::binary);
        std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
        pb::FileDescriptorProto proto;
        std::string binary;

        if (!in ||
            !read_proto(reinterpret_cast<const uint8_t *>(text.data()), text.size(), &proto)) {
            (void)std::fprintf(stderr, "cannot read %s\n", argv[i]);
            return 1;
        }
        binary = std::string(1, '\0') + proto.SerializeAsString();
        for (const std::string &seed : {text, binary}) {
            LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t *>(seed.data()), seed.size());
            for (int k = 0; k < 3000; k++) {
                std::string s = seed;

                for (unsigned m = 0; m <= random() % 4; m++)
                    s[1 + random() % (s.size() - 1)] = static_cast<char>(random());
                LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t *>(s.data()), s.size());
            }
        }
    }
    return 0;
}
#endif
