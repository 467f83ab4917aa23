// libFuzzer's entry: all generated fuzz targets in one program.
//
//   fuzz_interfaces --service=NAME [libFuzzer's options]      without a name it lists them
#include <eft/ipc/fuzz.h>

#include <cstdio>

using eft::ipc::FuzzTarget;

namespace {

FuzzTarget::Function chosen = nullptr;

FuzzTarget::Function find(std::string_view name) {
    for (const FuzzTarget* target = FuzzTarget::first; target; target = target->next)
        if (target->name == name) return target->function;
    return nullptr;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
    constexpr std::string_view kOption = "--service=";
    for (int i = 1; i < *count; ++i)
        if (std::string_view argument = (*arguments)[i]; argument.starts_with(kOption))
            chosen = find(argument.substr(kOption.size()));
    if (chosen) return 0;
    std::fprintf(stderr, "fuzz_interfaces --service=NAME, one of:");
    for (const FuzzTarget* target = FuzzTarget::first; target; target = target->next)
        std::fprintf(stderr, " %s", std::string(target->name).c_str());
    std::fprintf(stderr, "\n");
    std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const eft::u8* bytes, std::size_t size) {
    chosen({bytes, size});
    return 0;
}
