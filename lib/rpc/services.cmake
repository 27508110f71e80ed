# Health and reflection: of lib/rpc, but on generated messages, so gen/CMakeLists.txt includes this. A program that
# wants them links rpc_services before gen_rpc and rpc; the agent may leave them out.
set(rpc_dir ${CMAKE_SOURCE_DIR}/lib/rpc)
asb_library(rpc_services SOURCES ${rpc_dir}/channelz.c ${rpc_dir}/channelz_view.c ${rpc_dir}/health.c ${rpc_dir}/reflection.c ${rpc_dir}/descriptor.c
    DEPS gen_rpc base)
asb_test(descriptor_test SOURCES ${rpc_dir}/descriptor_test.c DEPS rpc_services gen_rpc rpc)
asb_test(rpc_services_test SOURCES ${rpc_dir}/services_test.c DEPS rpc_services gen_rpc rpc LABELS rpc)
asb_fuzzer(rpc_unpack_fuzz SOURCES ${rpc_dir}/unpack_fuzz.c DEPS rpc_services gen_rpc rpc rpc_test_proto
    CORPUS ../lib/rpc/corpus/unpack)
asb_test(rpc_channelz_test SOURCES ${rpc_dir}/channelz_test.c DEPS rpc_services gen_rpc rpc LABELS rpc)
asb_alloc_sweep(rpc_channelz_test)
asb_test(rpc_checkup_test SOURCES ${rpc_dir}/checkup_test.c DEPS rpc_services gen_rpc rpc LABELS rpc)
asb_alloc_sweep(rpc_checkup_test)
