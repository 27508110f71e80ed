// The plugin: from the services of a .proto file to typed C on lib/rpc/service.h.
//
// For x.proto it writes x.rpc.h and x.rpc.c, beside the x.pb-c.h of protoc-c that they include.
// Both are written for every file, with services or without, because each holds its file's
// serialised FileDescriptorProto (protobuf-c keeps no descriptors) and points to those of its
// imports: that is what the reflection service hands out.
//
// What cannot be made into C is refused with a sentence: names that collide, or paths that would
// not stand in an #include line. Any CodeGeneratorRequest is safe input: libprotoc has checked the
// descriptors, and what it lets pass (free text in comments, odd file names) is checked or escaped
// here.
#pragma once

#include <google/protobuf/compiler/code_generator.h>
#include <google/protobuf/descriptor.h>

#include <string>

namespace rpc_c
{

class Generator : public google::protobuf::compiler::CodeGenerator
{
  public:
    bool Generate(const google::protobuf::FileDescriptor *file, const std::string &parameter,
                  google::protobuf::compiler::GeneratorContext *context,
                  std::string *error) const override;
    // Optional fields are protoc-c's concern; we only embed them.
    uint64_t GetSupportedFeatures() const override
    {
        return FEATURE_PROTO3_OPTIONAL;
    }
};

} // namespace rpc_c
