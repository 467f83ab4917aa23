#include "nested_reference.h"

#include "nested_generated.h"

#include <cstring>

namespace reference {

std::size_t rebuilt(const std::uint8_t* bytes, std::size_t size, std::uint8_t* to, std::size_t room) {
    flatbuffers::Verifier verifier(bytes, size);
    if (!verifier.VerifyBuffer<nested::Tree>(nullptr)) return 0;
    nested::TreeT tree;
    flatbuffers::GetRoot<nested::Tree>(bytes)->UnPackTo(&tree);
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(nested::Tree::Pack(builder, &tree));
    if (builder.GetSize() > room) return 0;
    std::memcpy(to, builder.GetBufferPointer(), builder.GetSize());
    return builder.GetSize();
}

}  // namespace reference
