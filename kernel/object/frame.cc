#include <object/frame.h>

#include <arch/direct_map.h>

namespace eft::kernel {

Error seal_frame(FrameCap cap) {
    const FrameState frame = cap->state;
    if (!frame.original() || frame.device() || frame.sealed()) return Error::InvalidOperation;
    if (!cap.may(FrameRight::Write)) return Error::MissingRight;
    if (cap.slot().has_children()) return Error::HasChildren;
    if (cap->link.space) return Error::AlreadyMapped;
    cap->state = frame.with_seal();
    cap.set_rights(FrameRight::Read | FrameRight::Execute);
    for (u64 offset = 0; offset < frame.bytes(); offset += kPageSize) arch::protect_direct_map(cap.slot().address() + offset);
    return Error::None;
}

}  // namespace eft::kernel
