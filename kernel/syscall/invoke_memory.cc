// Invocations of AddressSpace and Frame.
#include <object/address_space.h>
#include <object/frame.h>
#include <syscall/invoke.h>

namespace eft::kernel {
namespace {

Error map(InvocationContext& context, AddressSpace& space) {
    EFT_TRY(const FrameCap frame, context.find<ObjectType::Frame>(context.argument(0)));
    const u64 how = context.argument(2);
    if (how >> 16) return Error::InvalidArgument;
    return space.map(frame, context.argument(1), FrameRights::from_mask(static_cast<Rights>(how)), static_cast<u8>(how >> 8));
}

Error unmap(InvocationContext& context, AddressSpace& space) {
    EFT_TRY(const FrameCap frame, context.find<ObjectType::Frame>(context.argument(0)));
    return frame->link.space == &space ? space.unmap(frame) : Error::NotMapped;
}

Error donate(InvocationContext& context, AddressSpace& space) {
    EFT_TRY(const PageTableCap table, context.find<ObjectType::PageTable>(context.argument(0)));
    return space.donate(table);
}

Error inspect(InvocationContext& context, AddressSpace& space) {
    u64 address = context.argument(0), pages = context.argument(1);  // 0 unless it paused there
    if (!space.count_mapped(context.core, address, pages)) return context.pause(address, pages);
    context.answer(pages, space.spare_tables(), space.used_tables(), space.attached());
    return Error::None;
}

Error seal(InvocationContext& context) { return seal_frame(FrameCap(context.cap)); }

constexpr Operation kAddressSpace[] = {
    {on<AddressSpace, map>, kControl}, {on<AddressSpace, unmap>, kControl}, {on<AddressSpace, donate>, kControl},
    {on<AddressSpace, inspect>, kInspect},
};
constexpr Operation kFrame[] = {{seal, kLooksItself}};

}  // namespace

constinit const std::span<const Operation> kAddressSpaceOperations{kAddressSpace};
constinit const std::span<const Operation> kFrameOperations{kFrame};

}  // namespace eft::kernel
