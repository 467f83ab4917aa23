#include <eft/file.h>

#include <cstring>

namespace eft {

Status FileSystem::connect(std::string_view service) {
    if (connected()) return Error::WrongState;
    EFT_TRY(wake_, loop_.add(*this));
    if (const auto attached = server_.connect(service, wake_); !attached.ok()) {
        loop_.remove(*this);
        return attached.error();
    }
    server_.calls().keep_opens(opens_);
    server_.calls().transport().set_detours(detours_);
    return {};
}

Result<File> FileSystem::open(std::string_view path) {
    if (!connected()) return Error::WrongState;
    u32 handle = 0;
    while (handle < kMaxHandles && open_[handle].used) ++handle;
    if (handle == kMaxHandles) return Error::LimitReached;
    file::Opening request;
    EFT_CHECK(shorten(path, request.start));
    request.path = path;
    request.handle = handle;
    auto attributes = server_.calls().open(request);
    if (!attributes.ok()) return attributes.error();
    open_[handle] = {true, *attributes};
    return File(*this, handle);
}

Result<file::Attributes> FileSystem::stat(std::string_view path, bool keep_last_link) {
    if (!connected()) return Error::WrongState;
    file::StatRequest request;
    EFT_CHECK(shorten(path, request.start));
    request.path = path;
    request.keep_last_link = keep_last_link;
    return server_.calls().stat(request);
}

Result<file::Attributes> FileSystem::stat_entry(u32 inode) {
    if (!connected()) return Error::WrongState;
    file::StatRequest request;
    request.start = inode;
    request.keep_last_link = true;
    return server_.calls().stat(request);
}

Result<std::string> FileSystem::read_link(u32 inode) {
    if (!connected()) return Error::WrongState;
    std::string target;
    for (;;) {
        file::LinkRequest request;
        request.start = inode;
        request.offset = static_cast<u32>(target.size());
        auto answer = server_.calls().read_link(request);
        if (!answer.ok()) return answer.error();
        if (answer->length > kMaxPath || answer->target.empty()) return Error::ProtocolViolation;
        target.append(answer->target);
        if (target.size() >= answer->length) return target;
    }
}

Status FileSystem::shorten(std::string_view& path, u32& start) {
    constexpr std::size_t kPiece = file::Opening::kPathMax;
    if (path.size() > kMaxPath) return Error::NameTooLong;
    while (path.size() > kPiece) {
        const std::size_t slash = path.substr(0, kPiece).rfind('/');
        if (slash == std::string_view::npos || slash == 0) return Error::NameTooLong;
        file::StatRequest request;
        request.path = path.substr(0, slash + 1);
        request.start = start;
        auto directory = server_.calls().stat(request);
        if (!directory.ok()) return directory.error();
        start = directory->inode;
        path.remove_prefix(std::min(path.find_first_not_of('/', slash), path.size()));
        if (path.empty()) path = ".";
    }
    return {};
}

std::string FileSystem::explain(Error error) {
    if (!connected()) return {};
    auto answer = server_.calls().explain();
    if (!answer.ok() || answer->error != static_cast<u32>(error)) return {};
    return std::string(answer->text);
}

Result<file::FileSystemState> FileSystem::status() {
    if (!connected()) return Error::WrongState;
    return server_.calls().stat_fs();
}

void FileSystem::close(u32 handle) {
    open_[handle] = {};
    opens_.of<file::File::OpenMethod>().forget(handle);
    // A server that is busy keeps it until the handle is opened again, which closes it.
    file::FileClient<ipc::PollTransport> calls{server_.calls().slot()};
    file::Handle request;
    request.handle = handle;
    static_cast<void>(calls.close(request));
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
    EFT_CO_CHECK(server_.ring().usable());
    if (!server_.windows().any() || server_.ring().is_full()) EFT_CO_CHECK(co_await server_.windows().wait(server_.ring()));
    ring::Windows::Lease window(server_.windows());
    file::Read request;
    request.handle = handle;
    request.offset = offset;
    request.data = window.first(static_cast<u32>(destination.size()));
    Task<Result<file::Done>> call = server_.ring().read(server_.calls(), request);
    Result<file::Done> done = co_await call;
    window.ended(done.error());
    if (!done.ok()) co_return done.error();
    if (done->count > destination.size()) co_return Error::ProtocolViolation;
    std::memcpy(destination.data(), window.bytes().data(), done->count);
    co_return done->count;
}

Result<file::Listing> FileSystem::list(u32 handle, u64 cursor) {
    file::ListRequest request;
    request.handle = handle;
    request.cursor = cursor;
    return server_.calls().read_directory(request);
}

Result<file::DetailedListing> FileSystem::list_details(u32 handle, u64 cursor) {
    file::ListRequest request;
    request.handle = handle;
    request.cursor = cursor;
    return server_.calls().read_directory_details(request);
}

File::~File() {
    if (files_) files_->close(handle_);
}

const file::Attributes& File::attributes() const { return files_->open_[handle_].attributes; }

Task<Result<u64>> File::read(u64 offset, std::span<std::byte> destination) {
    return files_->read(handle_, offset, destination);
}

}  // namespace eft
