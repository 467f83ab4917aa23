// The File interface over a mounted volume: handles, attributes, listings, and reads through each client's ring.
//
// Sessions with their rings and areas are StatefulServer's and survive this server; what is open in them does not. Everything
// that may have to wait for the disk is a coroutine; a request that comes before the volume is mounted has it mounted. Clients
// are not trusted: handles, offsets and lengths are checked here or by the generated code, which also copies ring entries
// before it checks them; the bytes in a client's area are only ever written, never believed.
#pragma once

#include "fs/ext2/volume.h"

#include <eft/idl/file.h>
#include <eft/state/stateful_server.h>
#include <eft/text.h>
#include <eft/wait_list.h>

#include <array>
#include <optional>

namespace eft::ext2 {

constexpr u32 kMaxHandles = 32;
constexpr u32 kMaxSessions = 24;
constexpr u32 kLayoutVersion = 2;

class FileServer : public StatefulServer<file::File, NoSharedState, kMaxSessions> {
public:
    FileServer(std::span<std::byte> memory, u32 layout_version, SessionSlots& slots)
        : StatefulServer(memory, layout_version, slots) {}

    // The end of mounting: a volume, or why there is none. Requests that wait for it go on; the next one after an error has it
    // tried again.
    void mounted(Result<MountedVolume> result);
    Report& report() { return report_; }

    Task<Result<file::Attributes>> open(ipc::Context&, Session& session, file::Opening request);
    Result<Empty> close(ipc::Context&, Session& session, file::Handle&& request);
    Task<Result<file::Attributes>> stat(ipc::Context&, Session& session, file::StatRequest request);
    Result<file::Attributes> stat_handle(ipc::Context&, Session& session, file::Handle&& request);
    Task<Result<file::Listing>> read_directory(ipc::Context&, Session& session, file::ListRequest request);
    Task<Result<file::DetailedListing>> read_directory_details(ipc::Context&, Session& session, file::ListRequest request);
    Task<Result<file::LinkTarget>> read_link(ipc::Context&, Session& session, file::LinkRequest request);
    Task<Result<file::FileSystemState>> stat_fs(ipc::Context&, Session& session, Empty);
    Result<file::Explanation> explain(ipc::Context&, Session& session, const Empty&);
    // Of the ring.
    Task<Result<file::Done>> read(ring::Pending<file::Done>, Session& session, file::Read request);

    void closed(Session& session) {
        open_[session.place()] = {};
        explanations_[session.place()] = {};
    }

protected:
    ~FileServer() = default;
    // Ends in mounted(), now or later.
    virtual void begin_mounting() = 0;
    bool is_mounted() const { return volume_ != nullptr; }
    void mount_if_needed();

private:
    Result<Inode> opened(const Session& session, u32 handle) const;
    Task<Result<Volume*>> volume_when_mounted();
    Task<Result<Inode>> look_up(Session& session, std::string_view path, LastLink last, u32 start);
    // Mode 0 where they cannot be read.
    Task<file::EntryAttributes> entry_attributes(Volume& volume, InodeNumber number);
    void tell(const Session& session, u64 findings_before, Error error);
    std::span<const u8> keep(std::span<const u8> bytes);

    // What each session has open, in this incarnation.
    std::array<std::array<std::optional<Inode>, kMaxHandles>, kMaxSessions> open_;
    // Of each handle, how often it was opened or closed: an Open that waits for the disk must not open what a later one, of a
    // client that did not wait for it, has opened otherwise or closed.
    std::array<std::array<u64, kMaxHandles>, kMaxSessions> openings_{};
    Report report_;
    MountedVolume volume_;
    bool mounting_ = false;
    WaitList waiting_;  // for its end
    u64 told_ = 0;
    std::array<u8, file::Listing::kEntriesMax> answer_;
    std::array<file::EntryAttributes, file::DetailedListing::kAttributesMax> answered_attributes_;

    // Of each session's last error.
    struct LastError {
        Error error = Error::None;
        FixedText<file::Explanation::kTextMax> text;
    };
    std::array<LastError, kMaxSessions> explanations_;
};

}  // namespace eft::ext2
