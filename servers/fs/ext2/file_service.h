// The File interface over a mounted volume: handles, attributes, listings, and reads through each client's ring.
//
// Everything that may have to wait for the disk is a coroutine; requests that come before the volume is mounted wait
// for that. Clients are not trusted: handles, offsets and lengths are checked here or by the generated code, which also
// copies ring entries before it checks them; the bytes in a client's area are only ever written, never believed.
//
// The environment knows the kernel (or, in tests, stands in for it): it maps what a client gives at Attach.
#pragma once

#include "fs/ext2/file_session.h"
#include "fs/ext2/volume.h"

#include <algorithm>
#include <cstring>

namespace eft::ext2 {

template <class E>
concept FileEnvironment = requires(E& environment, u32 place, Badge badge, file::AttachRequest&& request, typename E::Share& share) {
    typename E::Source;
    // Maps the client's memory; `place` is the session's.
    { environment.attach(place, badge, std::move(request)) } -> std::same_as<Result<typename E::Share>>;
    // What the client signals when it has submitted requests.
    { environment.request_wake() } -> std::same_as<Result<ipc::CapField<ipc::kind::Notification>>>;
    { share.ring() } -> std::same_as<std::span<std::byte>>;
    { share.area() } -> std::same_as<std::span<std::byte>>;
    share.signal();
    // The session of this place is over: what was kept of it is not needed any more.
    environment.forget(place);
    // poll_rings() is to be called again before the server sleeps.
    environment.look_again();
    environment.report(std::string_view());
};

// Of a disk's type as the interface has it.
constexpr file::FileType file_type(FileType type) {
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

inline file::Attributes attributes_of(const Inode& inode) {
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
    return result;
}

// Collects directory entries in the form of file::Listing.
struct ListingSink {
    std::array<u8, file::Listing::kEntriesMax> bytes;
    std::size_t used = 0;

    bool operator()(const DirectoryEntry& entry) {
        const std::size_t size = sizeof(u32) + 2 + entry.name.size();
        if (size > bytes.size() - used) return false;
        const u32 number = raw(entry.inode);
        std::memcpy(&bytes[used], &number, sizeof number);
        bytes[used + 4] = static_cast<u8>(entry.type ? file_type(*entry.type) : file::FileType::Unknown);
        bytes[used + 5] = static_cast<u8>(entry.name.size());
        std::memcpy(&bytes[used + 6], entry.name.data(), entry.name.size());
        used += size;
        return true;
    }
};

template <FileEnvironment Environment>
class FileService {
public:
    using Session = FileSession<typename Environment::Share>;
    using Source = typename Environment::Source;

    FileService(Environment& environment, Report& report) : environment_(environment), report_(report) {}

    // The end of mounting, once: a volume, or why there is none. Requests that wait for it go on.
    void mounted(Result<MountedVolume<Source>> result) {
        if (result.ok()) volume_ = std::move(*result);
        state_ = result.error();
        waiting_.wake_all(Status{});
    }

    FileSessions<typename Environment::Share>& sessions() { return sessions_; }
    Session* session(Badge badge) { return sessions_.find_or_make(badge); }

    // The client is gone. Its session ends with its last request.
    void close(Badge badge) {
        sessions_.close(badge);
        reclaim();
    }

    // A ring that an earlier incarnation served. Its unfinished requests name handles that are gone: they are answered
    // StaleSession, without any work, so that there is no limit to how often they may have been taken.
    Status restore(u32 place, Badge badge, typename Environment::Share share) {
        Session& session = sessions_.restore(place, badge);
        session.share.emplace(std::move(share));
        auto ring = file::File::RingConsumer::open(session.share->ring(), session.share->area(), file::File::kInflight, ~u32{0});
        if (!ring.ok()) {
            session.clear();
            return ring.error();
        }
        session.ring.emplace(*ring);
        return {};
    }

    // Takes what waits in all rings, wakes clients, and forgets sessions that are over. True: all rings may be waited for.
    bool poll_rings() {
        bool quiet = true;
        sessions_.for_each([&](Session& session) {
            if (!session.ring) return;
            Status status = session.refused == Error::None && !session.closed
                                ? file::File::poll_ring(*this, session, *session.ring)
                                : Status{};
            if (!status.ok()) {
                session.refused = status.error();
                environment_.report("a client's ring says what cannot be: session refused");
            }
        });
        // Only now: what was done for one client may have ended a request of another.
        sessions_.for_each([&](Session& session) {
            if (!session.ring) return;
            if (session.ring->take_signal()) session.share->signal();
            if (session.refused == Error::None && !session.closed && !session.ring->prepare_to_sleep()) quiet = false;
        });
        reclaim();
        return quiet;
    }

    Result<file::Attached> attach(ipc::Context& context, Session& session, file::AttachRequest&& request) {
        EFT_CHECK(admitted(session));
        if (session.ring && session.ring->in_progress() != 0) return Error::Busy;
        session.drop_ring();
        auto share = environment_.attach(sessions_.place_of(session), context.badge(), std::move(request));
        if (!share.ok()) return share.error();
        session.share.emplace(std::move(*share));
        auto ring = file::File::RingConsumer::open(session.share->ring(), session.share->area(), file::File::kInflight);
        auto wake = environment_.request_wake();
        if (!ring.ok() || !wake.ok()) {
            session.drop_ring();
            return ring.ok() ? wake.error() : ring.error();
        }
        session.ring.emplace(*ring);
        environment_.look_again();  // the client signals only those that it saw asleep
        file::Attached attached;
        attached.wake = std::move(*wake);
        return attached;
    }

    Task<Result<file::Attributes>> open(ipc::Context&, Session& session, file::Opening request) {
        EFT_CO_CHECK(admitted(session));
        if (request.handle >= kMaxHandles) co_return Error::OutOfRange;
        EFT_CO_TRY(Inode inode, co_await look_up(request.path, LastLink::Follow));
        session.open[request.handle] = inode;
        co_return attributes_of(inode);
    }
    Result<Empty> close(ipc::Context&, Session& session, file::Handle&& request) {
        if (request.handle >= kMaxHandles) return Error::OutOfRange;
        session.open[request.handle].reset();
        return Empty{};
    }
    Task<Result<file::Attributes>> stat(ipc::Context&, Session& session, file::StatRequest request) {
        EFT_CO_CHECK(admitted(session));
        EFT_CO_TRY(Inode inode, co_await look_up(request.path, request.keep_last_link ? LastLink::Keep : LastLink::Follow));
        co_return attributes_of(inode);
    }
    Result<file::Attributes> stat_handle(ipc::Context&, Session& session, file::Handle&& request) {
        EFT_TRY(Inode inode, opened(session, request.handle));
        return attributes_of(inode);
    }

    Task<Result<file::Listing>> read_directory(ipc::Context&, Session& session, file::ListRequest request) {
        EFT_CO_TRY(Inode directory, opened(session, request.handle));
        EFT_CO_TRY(Volume<Source>* volume, co_await volume_when_mounted());
        ListingSink sink;
        const u64 findings = report_.count();
        Result<DirectoryPage> page = co_await volume->read_directory(directory, request.cursor, sink);
        tell(findings);
        if (!page.ok()) co_return page.error();
        file::Listing listing;
        listing.next = page->next;
        listing.end = page->end;
        listing.entries = keep(std::span<const u8>(sink.bytes).first(sink.used));
        co_return listing;
    }

    Task<Result<file::LinkTarget>> read_link(ipc::Context&, Session& session, file::LinkRequest request) {
        EFT_CO_CHECK(admitted(session));
        EFT_CO_TRY(Inode inode, co_await look_up(request.path, LastLink::Keep));
        EFT_CO_TRY(Volume<Source>* volume, co_await volume_when_mounted());
        if (inode.size > file::LinkTarget::kTargetMax) co_return Error::NameTooLong;
        std::array<char, file::LinkTarget::kTargetMax> target;
        const u64 findings = report_.count();
        Result<u64> length = co_await volume->read_link(inode, target);
        tell(findings);
        if (!length.ok()) co_return length.error();
        std::span<const u8> kept = keep({reinterpret_cast<const u8*>(target.data()), *length});
        file::LinkTarget answer;
        answer.target = {reinterpret_cast<const char*>(kept.data()), kept.size()};
        co_return answer;
    }

    Task<Result<file::FileSystemState>> stat_fs(ipc::Context&, Session& session, Empty) {
        EFT_CO_CHECK(admitted(session));
        EFT_CO_TRY(Volume<Source>* volume, co_await volume_when_mounted());
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

    Task<Result<file::Done>> read(ring::Pending<file::Done>, Session& session, file::Read request) {
        EFT_CO_TRY(Inode inode, opened(session, request.handle));
        EFT_CO_TRY(Volume<Source>* volume, co_await volume_when_mounted());
        const u64 findings = report_.count();
        Result<u64> count = co_await volume->read(inode, request.offset, request.data.bytes());
        tell(findings);
        if (!count.ok()) co_return count.error();
        file::Done done;
        done.count = static_cast<u32>(*count);
        co_return done;
    }

private:
    void reclaim() {
        sessions_.reclaim([this](u32 place) { environment_.forget(place); });
    }
    static Status admitted(const Session& session) {
        return session.closed ? Status(Error::StaleSession) : Status(session.refused);
    }
    static Result<Inode> opened(const Session& session, u32 handle) {
        EFT_CHECK(admitted(session));
        if (handle >= kMaxHandles) return Error::OutOfRange;
        if (!session.open[handle]) return Error::StaleSession;
        return *session.open[handle];
    }

    Task<Result<Volume<Source>*>> volume_when_mounted() {
        if (!state_) {
            Waiter waiter(waiting_);
            [[maybe_unused]] Status any = co_await waiter.woken;
        }
        if (*state_ != Error::None) co_return *state_;
        co_return volume_.get();
    }
    Task<Result<Inode>> look_up(std::string_view path, LastLink last) {
        EFT_CO_TRY(Volume<Source>* volume, co_await volume_when_mounted());
        const u64 findings = report_.count();
        Result<Inode> found = co_await volume->lookup(path, last);
        tell(findings);
        co_return found;
    }
    // What was found wrong with the disk stands in the log once, whoever asked.
    void tell(u64 findings_before) {
        if (report_.count() != findings_before && report_.count() != told_) environment_.report(report_.text());
        told_ = report_.count();
    }
    // Bytes of an answer, until it is written: that happens in the same step in which the handler ends.
    std::span<const u8> keep(std::span<const u8> bytes) {
        std::memcpy(answer_.data(), bytes.data(), bytes.size());
        return std::span<const u8>(answer_).first(bytes.size());
    }

    Environment& environment_;
    Report& report_;
    FileSessions<typename Environment::Share> sessions_;
    MountedVolume<Source> volume_;
    std::optional<Error> state_;  // empty: not mounted yet
    WaitList waiting_;
    u64 told_ = 0;
    std::array<u8, file::Listing::kEntriesMax> answer_;
};

}  // namespace eft::ext2
