// Files for programs, over the File interface of whatever file server is mounted.
//
//   FileSystem files(loop);
//   EFT_CO_CHECK(files.connect("file/0"));
//   EFT_CO_TRY(File file, files.open("/readme.txt"));
//   EFT_CO_TRY(u64 count, co_await file.read(0, buffer));
//
// A restart of the server is not to be seen here: the generated client opens a path again under the same handle when it is
// used (eft/ipc/opens.h), and what was lost is repeated; all of it is reading, so that harms nothing. A request that was in
// progress at two deaths is not repeated a third time (ServiceFailed). A path that leads to another file afterwards is
// StaleSession, and one that cannot be opened any more says why.
// Reads travel through a ring and may run side by side; everything else is a call that waits for its answer, one at a time: on
// the way that a detour gives it (eft/ipc/detour.h), if there is one. A read that has its path opened again calls by `detours`,
// where the program has them. The end of a File waits for nobody.
#pragma once

#include <eft/ipc/detour.h>
#include <eft/ring/attached_ring.h>
#include <eft/wake_loop.h>

#include <eft/idl/file.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace eft {

struct DirectoryEntry {
    u32 inode;
    file::FileType type;  // Unknown: ask the file. Damaged: `inode` says nothing; the name may be empty
    std::string_view name;
};

class FileSystem;

class File {
public:
    File(File&& other) noexcept : files_(std::exchange(other.files_, nullptr)), handle_(other.handle_) {}
    File& operator=(File&&) = delete;
    ~File();

    // As they were when it was opened.
    const file::Attributes& attributes() const;
    // Fewer bytes than asked for only at the end of the file. The destination must outlive the task.
    Task<Result<u64>> read(u64 offset, std::span<std::byte> destination);
    // Gives the entries from `cursor` (0 at first) on to `visit(const DirectoryEntry&)`; answers the next cursor, or
    // nothing at the end. The names are valid during the call only, and `visit` must not use this file system.
    template <class Visit>
    Result<std::optional<u64>> list(u64 cursor, Visit visit);
    // The same with attributes of each: `visit(const DirectoryEntry&, const file::EntryAttributes&)`.
    template <class Visit>
    Result<std::optional<u64>> list_details(u64 cursor, Visit visit);

private:
    friend class FileSystem;
    File(FileSystem& files, u32 handle) : files_(&files), handle_(handle) {}
    FileSystem* files_;
    u32 handle_;
};

class FileSystem final : private WakeSource {
public:
    static constexpr std::size_t kMaxPath = 4095;  // of paths, and of targets of symbolic links; else NameTooLong
    static constexpr u32 kMaxHandles = file::File::OpenMethod::kKept;

    explicit FileSystem(WakeLoop& loop, ipc::Detours* detours = nullptr) : loop_(loop), detours_(detours) {}
    FileSystem(const FileSystem&) = delete;
    ~FileSystem() { loop_.remove(*this); }

    Status connect(std::string_view service);
    bool connected() const { return server_.is_attached(); }

    Result<File> open(std::string_view path);
    Result<file::Attributes> stat(std::string_view path, bool keep_last_link = false);
    // Of an entry of a directory, by its inode number: costs no search. A symbolic link is described itself.
    Result<file::Attributes> stat_entry(u32 inode);
    // The target of the symbolic link with this inode number.
    Result<std::string> read_link(u32 inode);
    // Its strings are valid until this thread's next call.
    Result<file::FileSystemState> status();
    // What `error`, the latest of this session, was about, in words; empty if nothing more is known.
    std::string explain(Error error);

private:
    friend class File;
    static constexpr u32 kWindowBytes = 64 * 1024;
    static constexpr u32 kWindows = 8;

    struct OpenFile {
        bool used = false;
        file::Attributes attributes;
    };

    void on_wake() override { server_.on_wake(); }
    bool prepare_to_sleep() override { return server_.prepare_to_sleep(); }
    // Walks what is too long for one message in pieces: leaves the rest of `path`, and the inode where it begins.
    Status shorten(std::string_view& path, u32& start);
    void close(u32 handle);
    Task<Result<u64>> read(u32 handle, u64 offset, std::span<std::byte> destination);
    Task<Result<u32>> read_piece(u32 handle, u64 offset, std::span<std::byte> destination);
    Result<file::Listing> list(u32 handle, u64 cursor);
    Result<file::DetailedListing> list_details(u32 handle, u64 cursor);

    WakeLoop& loop_;
    ipc::Detours* detours_;
    CapHandle wake_;
    ring::AttachedRing<file::File, ipc::DetourTransport> server_{kWindows, kWindowBytes};
    file::File::Opens opens_;
    std::array<OpenFile, kMaxHandles> open_;
};

// One entry of file::Listing; false at the end, or if the rest is no entry.
inline bool next_entry(std::span<const u8>& rest, DirectoryEntry& entry) {
    constexpr std::size_t kHead = sizeof(u32) + 2;
    if (rest.size() < kHead || rest.size() - kHead < rest[5]) return false;
    __builtin_memcpy(&entry.inode, rest.data(), sizeof(u32));
    entry.type = static_cast<file::FileType>(rest[4]);
    if (!valid(entry.type)) entry.type = file::FileType::Unknown;
    entry.name = {reinterpret_cast<const char*>(rest.data() + kHead), rest[5]};
    rest = rest.subspan(kHead + entry.name.size());
    return true;
}

template <class Listing>
Result<std::optional<u64>> next_cursor(const Listing& listing, u64 cursor) {
    if (listing.end) return std::optional<u64>();
    if (listing.next <= cursor) return Error::ProtocolViolation;  // it would never end
    return std::optional<u64>(listing.next);
}

template <class Visit>
Result<std::optional<u64>> File::list(u64 cursor, Visit visit) {
    EFT_TRY(const file::Listing listing, files_->list(handle_, cursor));
    std::span<const u8> rest = listing.entries;
    for (DirectoryEntry entry; next_entry(rest, entry);) visit(std::as_const(entry));
    return next_cursor(listing, cursor);
}

template <class Visit>
Result<std::optional<u64>> File::list_details(u64 cursor, Visit visit) {
    EFT_TRY(const file::DetailedListing listing, files_->list_details(handle_, cursor));
    std::span<const u8> rest = listing.entries;
    DirectoryEntry entry;
    for (const file::EntryAttributes& attributes : listing.attributes) {
        if (!next_entry(rest, entry)) return Error::ProtocolViolation;
        visit(std::as_const(entry), attributes);
    }
    return next_cursor(listing, cursor);
}

}  // namespace eft
