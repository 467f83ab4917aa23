#include <object/frame.h>

#include <arch/direct_map.h>

namespace eft::kernel {

Error seal_frame(FrameCap cap) {
    const FrameData frame = FrameData::of(cap);
    if (!frame.original() || frame.device() || frame.sealed()) return Error::InvalidOperation;
    if (!cap.may(FrameRight::Write)) return Error::MissingRight;
    if (cap->has_children()) return Error::HasChildren;
    if (cap->space) return Error::AlreadyMapped;
    cap->data = frame.with_seal();
    cap.set_rights(FrameRight::Read | FrameRight::Execute);
    for (u64 offset = 0; offset < frame.bytes(); offset += kPageSize) arch::protect_direct_map(cap->address() + offset);
    return Error::None;
}

}  // namespace eft::kernel
