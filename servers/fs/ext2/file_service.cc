#include "fs/ext2/file_service.h"

#include <eft/process.h>

#include <algorithm>
#include <cstring>

namespace eft::ext2 {
namespace {

// Of a disk's type as the interface has it.
file::FileType file_type(FileType type) {
    switch (type) {
        case FileType::Regular: return file::FileType::Regular;
        case FileType::Directory: return file::FileType::Directory;
        case FileType::Symlink: return file::FileType::Symlink;
        case FileType::CharacterDevice: return file::FileType::CharacterDevice;
        case FileType::BlockDevice: return file::FileType::BlockDevice;
        case FileType::Fifo: return file::FileType::Fifo;
        case FileType::Socket: return file::FileType::Socket;
    }
    return file::FileType::Unknown;
}

file::Attributes attributes_of(const Inode& inode) {
    file::Attributes result;
    result.inode = raw(inode.number);
    result.type = file_type(inode.type);
    result.mode = inode.mode;
    result.links = inode.links;
    result.uid = inode.uid;
    result.gid = inode.gid;
    result.size = inode.size;
    result.sectors = inode.sectors;
    result.accessed = inode.accessed.seconds;
    result.accessed_nanoseconds = inode.accessed.nanoseconds;
    result.changed = inode.changed.seconds;
    result.changed_nanoseconds = inode.changed.nanoseconds;
    result.modified = inode.modified.seconds;
    result.modified_nanoseconds = inode.modified.nanoseconds;
    result.device_major = inode.device_major;
    result.device_minor = inode.device_minor;
    return result;
}

file::FileType entry_type(const DirectoryEntry& entry) {
    if (entry.damage != Error::None) return file::FileType::Damaged;
    return entry.type ? file_type(*entry.type) : file::FileType::Unknown;
}

// Collects directory entries in the form of file::Listing, and their inodes: 0 of those that are damaged.
template <std::size_t Bytes, std::size_t Entries = Bytes / 6>
struct ListingSink {
    std::array<u8, Bytes> bytes;
    std::size_t used = 0;
    std::array<InodeNumber, Entries> inodes;
    std::size_t count = 0;

    bool operator()(const DirectoryEntry& entry) {
        const std::size_t size = sizeof(u32) + 2 + entry.name.size();
        if (size > bytes.size() - used || count == inodes.size()) return false;
        inodes[count++] = entry.damage == Error::None ? entry.inode : InodeNumber{0};
        const u32 number = raw(entry.inode);
        std::memcpy(&bytes[used], &number, sizeof number);
        bytes[used + 4] = static_cast<u8>(entry_type(entry));
        bytes[used + 5] = static_cast<u8>(entry.name.size());
        std::copy(entry.name.begin(), entry.name.end(), bytes.begin() + used + 6);  // a damaged entry's name may be none
        used += size;
        return true;
    }
};

}  // namespace

void FileServer::mounted(Result<MountedVolume> result) {
    mounting_ = false;
    if (result.ok()) volume_ = std::move(*result);
    waiting_.wake_all(result.error());
}

void FileServer::mount_if_needed() {
    if (is_mounted() || std::exchange(mounting_, true)) return;
    begin_mounting();
}

Task<Result<file::Attributes>> FileServer::open(ipc::Context&, Session& session, file::Opening request) {
    if (request.handle >= kMaxHandles) co_return Error::OutOfRange;
    u64& latest = openings_[session.place()][request.handle];
    const u64 own = ++latest;
    EFT_CO_TRY(Inode inode, co_await look_up(session, request.path, LastLink::Follow, request.start));
    if (own == latest) open_[session.place()][request.handle] = inode;
    co_return attributes_of(inode);
}

Result<Empty> FileServer::close(ipc::Context&, Session& session, file::Handle&& request) {
    if (request.handle >= kMaxHandles) return Error::OutOfRange;
    ++openings_[session.place()][request.handle];
    open_[session.place()][request.handle].reset();
    return Empty{};
}

Task<Result<file::Attributes>> FileServer::stat(ipc::Context&, Session& session, file::StatRequest request) {
    EFT_CO_TRY(Inode inode, co_await look_up(session, request.path, request.keep_last_link ? LastLink::Keep : LastLink::Follow, request.start));
    co_return attributes_of(inode);
}

Result<file::Attributes> FileServer::stat_handle(ipc::Context&, Session& session, file::Handle&& request) {
    EFT_TRY(Inode inode, opened(session, request.handle));
    return attributes_of(inode);
}

Task<Result<file::Listing>> FileServer::read_directory(ipc::Context&, Session& session, file::ListRequest request) {
    EFT_CO_TRY(Inode directory, opened(session, request.handle));
    const u64 findings = report_.count();
    EFT_CO_TRY(Volume* volume, co_await volume_when_mounted());
    ListingSink<file::Listing::kEntriesMax> sink;
    Result<DirectoryPage> page = co_await volume->read_directory(directory, request.cursor, sink);
    tell(session, findings, page.error());
    if (!page.ok()) co_return page.error();
    file::Listing listing;
    listing.next = page->next;
    listing.end = page->end;
    listing.entries = keep(std::span<const u8>(sink.bytes).first(sink.used));
    co_return listing;
}

Task<Result<file::DetailedListing>> FileServer::read_directory_details(ipc::Context&, Session& session, file::ListRequest request) {
    EFT_CO_TRY(Inode directory, opened(session, request.handle));
    const u64 findings = report_.count();
    EFT_CO_TRY(Volume* volume, co_await volume_when_mounted());
    ListingSink<file::DetailedListing::kEntriesMax, file::DetailedListing::kAttributesMax> sink;
    Result<DirectoryPage> page = co_await volume->read_directory(directory, request.cursor, sink);
    std::array<file::EntryAttributes, file::DetailedListing::kAttributesMax> attributes;
    for (std::size_t i = 0; page.ok() && i < sink.count; ++i) {
        const file::EntryAttributes found = co_await entry_attributes(*volume, sink.inodes[i]);
        attributes[i] = found;
    }
    tell(session, findings, page.error());
    if (!page.ok()) co_return page.error();
    std::copy_n(attributes.begin(), sink.count, answered_attributes_.begin());
    file::DetailedListing listing;
    listing.next = page->next;
    listing.end = page->end;
    listing.entries = keep(std::span<const u8>(sink.bytes).first(sink.used));
    listing.attributes = std::span<const file::EntryAttributes>(answered_attributes_).first(sink.count);
    co_return listing;
}

Task<file::EntryAttributes> FileServer::entry_attributes(Volume& volume, InodeNumber number) {
    file::EntryAttributes answer{};
    if (raw(number) == 0) co_return answer;
    const Result<Inode> inode = co_await volume.stat(number);
    if (!inode.ok()) co_return answer;
    answer.size = inode->size;
    answer.modified = inode->modified.seconds;
    answer.modified_nanoseconds = inode->modified.nanoseconds;
    answer.links = inode->links;
    answer.uid = inode->uid;
    answer.gid = inode->gid;
    answer.device_major = inode->device_major;
    answer.device_minor = inode->device_minor;
    answer.mode = inode->mode;
    co_return answer;
}

Task<Result<file::LinkTarget>> FileServer::read_link(ipc::Context&, Session& session, file::LinkRequest request) {
    EFT_CO_TRY(Inode inode, co_await look_up(session, request.path, LastLink::Keep, request.start));
    EFT_CO_TRY(Volume* volume, co_await volume_when_mounted());
    if (inode.size > kMaxPath) co_return Error::NameTooLong;
    std::array<char, kMaxPath> target;
    const u64 findings = report_.count();
    Result<u64> length = co_await volume->read_link(inode, target);
    tell(session, findings, length.error());
    if (!length.ok()) co_return length.error();
    if (request.offset > *length) co_return Error::OutOfRange;
    std::span<const u8> part(reinterpret_cast<const u8*>(target.data()) + request.offset, *length - request.offset);
    part = keep(part.first(std::min<std::size_t>(part.size(), file::LinkTarget::kTargetMax)));
    file::LinkTarget answer;
    answer.target = {reinterpret_cast<const char*>(part.data()), part.size()};
    answer.length = static_cast<u32>(*length);
    co_return answer;
}

Task<Result<file::FileSystemState>> FileServer::stat_fs(ipc::Context&, Session& session, Empty) {
    const u64 findings = report_.count();
    Result<Volume*> mounted_volume = co_await volume_when_mounted();
    tell(session, findings, mounted_volume.error());
    EFT_CO_TRY(Volume* volume, mounted_volume);
    const FileSystemStatus status = volume->status();
    file::FileSystemState answer;
    answer.block_size = status.block_size;
    answer.blocks = status.blocks;
    answer.free_blocks = status.free_blocks;
    answer.available_blocks = status.available_blocks;
    answer.inodes = status.inodes;
    answer.free_inodes = status.free_inodes;
    answer.read_only = true;
    answer.kind = "ext2";
    std::string_view name(status.volume_name.data(), status.volume_name.size());
    name = name.substr(0, name.find('\0'));
    std::span<const u8> kept = keep({reinterpret_cast<const u8*>(name.data()), name.size()});
    answer.volume_name = {reinterpret_cast<const char*>(kept.data()), kept.size()};
    co_return answer;
}

Task<Result<file::Done>> FileServer::read(ring::Pending<file::Done>, Session& session, file::Read request) {
    EFT_CO_TRY(Inode inode, opened(session, request.handle));
    EFT_CO_TRY(Volume* volume, co_await volume_when_mounted());
    const u64 findings = report_.count();
    Result<u64> count = co_await volume->read(inode, request.offset, request.data.bytes());
    tell(session, findings, count.error());
    if (!count.ok()) co_return count.error();
    file::Done done;
    done.count = static_cast<u32>(*count);
    co_return done;
}

Result<Inode> FileServer::opened(const Session& session, u32 handle) const {
    if (handle >= kMaxHandles) return Error::OutOfRange;
    if (!open_[session.place()][handle]) return Error::StaleSession;
    return *open_[session.place()][handle];
}

Task<Result<Volume*>> FileServer::volume_when_mounted() {
    if (!is_mounted()) {
        Waiter waiter(waiting_);
        mount_if_needed();
        EFT_CO_CHECK(co_await waiter.woken);
    }
    co_return volume_.get();
}

Task<Result<Inode>> FileServer::look_up(Session& session, std::string_view path, LastLink last, u32 start) {
    const u64 findings = report_.count();
    Result<Inode> found = Error::NotFound;
    Result<Volume*> volume = co_await volume_when_mounted();
    if (volume.ok()) found = co_await (*volume)->lookup(path, last, start == 0 ? InodeNumber::Root : InodeNumber{start});
    else found = volume.error();
    tell(session, findings, found.error());
    co_return found;
}

// What was found wrong with the disk stands in the log once, whoever asked, and is kept for who asks what his error means.
void FileServer::tell(const Session& session, u64 findings_before, Error error) {
    const bool found = report_.count() != findings_before;
    if (found && is_mounted() && report_.count() != told_) log(report_.text());
    told_ = report_.count();
    if (error == Error::None && !found) return;
    LastError& last = explanations_[session.place()];
    last.error = error == Error::None ? Error::BadFormat : error;  // a listing goes on behind what is damaged
    last.text.clear();
    if (found) last.text.append(report_.text());
}

Result<file::Explanation> FileServer::explain(ipc::Context&, Session& session, const Empty&) {
    const LastError& last = explanations_[session.place()];
    file::Explanation answer;
    answer.error = static_cast<u32>(last.error);
    answer.text = last.text.view();
    return answer;
}

// Bytes of an answer, until it is written: that happens in the same step in which the handler ends.
std::span<const u8> FileServer::keep(std::span<const u8> bytes) {
    std::memcpy(answer_.data(), bytes.data(), bytes.size());
    return std::span<const u8>(answer_).first(bytes.size());
}

}  // namespace eft::ext2
