#include "memory.h"

#include <algorithm>
#include <utility>

namespace eft::processes {
namespace {

constexpr u32 kOwnQuota = 16384;  // of what proc maps itself: the boot archive, and a program from elsewhere

constexpr u64 kArchiveAddress = layout::kObjectBase;
constexpr u64 kShownAddress = layout::kObjectBase + 0x0800'0000;  // behind the largest archive

}  // namespace

ShownObject& ShownObject::operator=(ShownObject&& other) noexcept {
    if (this == &other) return *this;
    reset();
    memory_ = std::exchange(other.memory_, nullptr);
    bytes_ = other.bytes_;
    return *this;
}

void ShownObject::reset() {
    if (memory_) memory_->hide(bytes_);
    memory_ = nullptr;
}

Status Memory::open(Slot own_space) {
    mem::AdoptRequest adopt;
    adopt.space = decltype(adopt.space)(own_space);
    adopt.quota = kOwnQuota;
    adopt.own = true;
    EFT_TRY(mem::Space own, mem_.adopt(adopt));
    own_.transport().replace(CapHandle(own.session.release()));
    return {};
}

Result<std::span<const std::byte>> Memory::archive() {
    if (!archive_.empty()) return archive_;
    EFT_TRY(mem::Archive archive, own_.boot_archive());
    if (archive.bytes > kShownAddress - kArchiveAddress) return Error::OutOfRange;
    EFT_CHECK(map(std::move(archive.object), 0, archive.bytes, kArchiveAddress));
    archive_ = {arch::pointer<const std::byte>(kArchiveAddress), archive.bytes};
    return archive_;
}

Result<ShownObject> Memory::show(Slot object, u64 offset, u64 bytes) {
    if (bytes > layout::kObjectLimit - kShownAddress) return Error::OutOfRange;
    EFT_CHECK(map(ipc::CapField<ipc::kind::Memory>(object), offset, bytes, kShownAddress));
    return ShownObject(*this, {arch::pointer<const std::byte>(kShownAddress), bytes});
}

void Memory::hide(std::span<const std::byte> shown) {
    static_cast<void>(own_.unmap({.address = kShownAddress, .bytes = page_up(shown.size())}));
}

// To be read.
Status Memory::map(ipc::CapField<ipc::kind::Memory>&& object, u64 offset, u64 bytes, u64 address) {
    mem::Mapping mapping;
    mapping.object = std::move(object);
    mapping.offset = offset;
    mapping.bytes = page_up(bytes);
    mapping.address = address;
    mapping.rights = bits(FrameRight::Read);
    return own_.map(mapping).error();
}

Result<NewSpace> Memory::create_space(u32 pid, u32 quota) {
    EFT_TRY(mem::Space space, mem_.create_space({.quota = quota, .key = pid}));
    return NewSpace{space.id, space.session.release()};
}

void Memory::destroy_space_of(u32 pid) {
    const Error error = mem_.destroy_space({.id = 0, .key = pid}).error();
    if (error != Error::None && error != Error::NotFound) log("mem cannot destroy a space");
}

void Memory::end_threads_of(u32 pid) {
    const Error error = mem_.end_threads({.id = 0, .key = pid}).error();
    if (error != Error::None && error != Error::NotFound) log("mem cannot end a thread");
}

Status Memory::load_image(const mem::Image& image) { return mem_.load_image(image).error(); }

Status Memory::map_into(u32 space, Slot object, u64 bytes, u64 address, Rights rights) {
    mem::MappingInto request;
    request.object = decltype(request.object)(object);
    request.bytes = bytes;
    request.address = address;
    request.rights = rights;
    request.space = space;
    return mem_.map_into(request).error();
}

Result<Slot> Memory::make_thread(u32 space, Slot table, Slot exceptions, const ProcessorShare& share) {
    mem::ThreadRequest request;
    request.space = space;
    request.table = decltype(request.table)(table);
    request.exceptions = decltype(request.exceptions)(exceptions);
    request.budget = share.budget;
    request.period = share.period;
    request.ceiling = share.ceiling;
    EFT_TRY(mem::ThreadMade made, mem_.make_thread(request));
    return made.thread.release();
}

Status Memory::make_replies(u32 space, Slot table, const TablePlan& plan) {
    mem::ReplyRequest request;
    request.space = space;
    request.table = decltype(request.table)(table);
    request.first = plan.first_reply;
    request.count = plan.replies;
    return mem_.make_replies(request).error();
}

mem::Usage Memory::usage(u32 space) {
    const Result<mem::Usage> usage = mem_.info_of({.id = space});
    return usage.ok() ? *usage : mem::Usage{};
}

std::span<u64> Memory::read(u32 space, u64 address, std::span<u64> words) {
    const Result<mem::MemoryWords> read = mem_.read_memory({.space = space, .address = address});
    if (!read.ok()) return {};
    const std::size_t count = std::min(words.size(), read->words.size());
    std::copy_n(read->words.data(), count, words.data());
    return words.first(count);
}

}  // namespace eft::processes
