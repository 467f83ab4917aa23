#include <eft/file.h>

#include <eft/session.h>

#include <bit>
#include <cstring>

namespace eft {

// Those who wait stand in a list through their own frames. None of them is destroyed while it waits: the loop runs
// programs' tasks to their end.
struct FileSystem::WindowWaiter {
    WindowWaiter* next;
    Completion<bool> woken;
};

struct FileSystem::Window {
    FileSystem& files;
    u32 index;
    bool ended = false;
    Window(FileSystem& owner, u32 taken) : files(owner), index(taken) { files.free_windows_ &= ~(1u << index); }
    Window(const Window&) = delete;
    Window& operator=(const Window&) = delete;
    // The server may still write to the window of a read that did not end: that one is not used again.
    ~Window() {
        if (!ended) return;
        files.free_windows_ |= 1u << index;
        if (WindowWaiter* waiter = files.waiting_) {
            files.waiting_ = waiter->next;
            waiter->woken.set(true);
        }
    }
    std::span<std::byte> bytes() const { return files.area_.bytes().subspan(index * kWindowBytes, kWindowBytes); }
};

void FileSystem::ServerWake::signal() {
    if (*notification) sys::signal(notification->slot());
}

Status FileSystem::connect(std::string_view service) {
    if (attached_) return Error::WrongState;
    EFT_TRY(CapHandle session, eft::connect(service));
    EFT_TRY(ring_memory_, SharedMemory::create(file::FileRing<ServerWake>::kMemoryBytes));
    EFT_TRY(area_, SharedMemory::create(u64{kWindowBytes} * kWindows));
    EFT_CHECK(ring_.create(ring_memory_.bytes(), area_.bytes().size()));
    EFT_TRY(CapHandle wake, loop_.add(*this));
    client_.emplace(std::move(session));
    client_->keep_opens(opens_);
    file::AttachRequest request;
    request.ring = ring_memory_.object();
    request.area = area_.object();
    request.wake = wake;
    request.ring_bytes = ring_memory_.bytes().size();
    request.area_bytes = area_.bytes().size();
    auto attached = client_->attach(request);
    if (!attached.ok()) {
        loop_.remove(*this);
        return attached.error();
    }
    server_wake_ = CapHandle(attached->wake.release());
    attached_ = true;
    return {};
}

Result<File> FileSystem::open(std::string_view path) {
    if (!attached_) return Error::WrongState;
    u32 handle = 0;
    while (handle < kMaxHandles && open_[handle].used) ++handle;
    if (handle == kMaxHandles) return Error::LimitReached;
    file::Opening request;
    request.path = path;
    request.handle = handle;
    auto attributes = client_->open(request);
    if (!attributes.ok()) return attributes.error();
    open_[handle] = {true, *attributes};
    return File(*this, handle);
}

Result<file::Attributes> FileSystem::stat(std::string_view path, bool keep_last_link) {
    if (!attached_) return Error::WrongState;
    file::StatRequest request;
    request.path = path;
    request.keep_last_link = keep_last_link;
    return client_->stat(request);
}

Result<std::size_t> FileSystem::read_link(std::string_view path, std::span<char> target) {
    if (!attached_) return Error::WrongState;
    file::LinkRequest request;
    request.path = path;
    auto answer = client_->read_link(request);
    if (!answer.ok()) return answer.error();
    if (answer->target.size() > target.size()) return Error::OutOfRange;
    std::memcpy(target.data(), answer->target.data(), answer->target.size());
    return answer->target.size();
}

Result<file::FileSystemState> FileSystem::status() {
    if (!attached_) return Error::WrongState;
    return client_->stat_fs();
}

void FileSystem::on_wake() {
    if (attached_) ring_.on_wake();
}

void FileSystem::close(u32 handle) {
    open_[handle] = {};
    file::Handle request;
    request.handle = handle;
    static_cast<void>(client_->close(request));
}

Task<Result<u64>> FileSystem::read(u32 handle, u64 offset, std::span<std::byte> destination) {
    u64 total = 0;
    while (total < destination.size()) {
        const std::size_t size = std::min<std::size_t>(destination.size() - total, kWindowBytes);
        EFT_CO_TRY(u32 count, co_await read_piece(handle, offset + total, destination.subspan(total, size)));
        total += count;
        if (count < size) break;
    }
    co_return total;
}

Task<Result<u32>> FileSystem::read_piece(u32 handle, u64 offset, std::span<std::byte> destination) {
    while (free_windows_ == 0) {
        WindowWaiter waiter{waiting_, {}};
        waiting_ = &waiter;
        [[maybe_unused]] bool any = co_await waiter.woken;
    }
    Window window(*this, static_cast<u32>(std::countr_zero(free_windows_)));
    file::Read request;
    request.handle = handle;
    request.offset = offset;
    request.data = ipc::AreaSpan(area_.bytes().data(), window.index * kWindowBytes, static_cast<u32>(destination.size()));
    Task<Result<file::Done>> call = ring_.read(*client_, request);
    Result<file::Done> done = co_await call;
    window.ended = true;
    if (!done.ok()) co_return done.error();
    if (done->count > destination.size()) co_return Error::ProtocolViolation;
    std::memcpy(destination.data(), window.bytes().data(), done->count);
    co_return done->count;
}

Result<file::Listing> FileSystem::list(u32 handle, u64 cursor) {
    file::ListRequest request;
    request.handle = handle;
    request.cursor = cursor;
    return client_->read_directory(request);
}

File::~File() {
    if (files_) files_->close(handle_);
}

const file::Attributes& File::attributes() const { return files_->open_[handle_].attributes; }

Task<Result<u64>> File::read(u64 offset, std::span<std::byte> destination) {
    return files_->read(handle_, offset, destination);
}

}  // namespace eft
