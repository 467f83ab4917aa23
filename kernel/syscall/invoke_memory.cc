// Invocations of AddressSpace and Frame.
#include <object/address_space.h>
#include <object/frame.h>
#include <syscall/invoke.h>

namespace eft::kernel {
namespace {

Error map(InvocationContext& context, AddressSpace& space, const MapArguments& arguments) {
    EFT_TRY(const FrameCap frame, context.find<ObjectType::Frame>(arguments.frame));
    if (!arguments.valid()) return Error::InvalidArgument;
    return space.map(frame, arguments.address, arguments.rights(), arguments.flags());
}

Error unmap(InvocationContext& context, AddressSpace& space, const SlotArguments& arguments) {
    EFT_TRY(const FrameCap frame, context.find<ObjectType::Frame>(arguments.slot));
    return frame->link.space == &space ? space.unmap(frame) : Error::NotMapped;
}

Error donate(InvocationContext& context, AddressSpace& space, const SlotArguments& arguments) {
    EFT_TRY(const PageTableCap table, context.find<ObjectType::PageTable>(arguments.slot));
    return space.donate(table);
}

Error inspect(InvocationContext& context, AddressSpace& space, const CountArguments& arguments) {
    u64 address = arguments.from, pages = arguments.so_far;
    if (!space.count_mapped(context.core, address, pages)) return context.pause(address, pages);
    context.answer(pages, space.spare_tables(), space.used_tables(), space.attached());
    return Error::None;
}

Error seal(InvocationContext&, FrameCap frame) { return seal_frame(frame); }

constexpr Operation kAddressSpace[] = {
    operation<map>(kControl), operation<unmap>(kControl), operation<donate>(kControl),
    operation<inspect>(kInspect),
};
constexpr Operation kFrame[] = {operation<seal>(kLooksItself)};

}  // namespace

constinit const std::span<const Operation> kAddressSpaceOperations{kAddressSpace};
constinit const std::span<const Operation> kFrameOperations{kFrame};

}  // namespace eft::kernel
