// Commands about files. Each goes on with its next path after an error, and ends with status 1.
#include "monitor/file_errors.h"
#include "monitor/format.h"
#include "monitor/shell.h"

#include <eft/json.h>
#include <eft/sha256.h>

#include <algorithm>
#include <array>
#include <memory>

namespace eft::monitor {
namespace {

constexpr std::size_t kPiece = 64 * 1024;

// Reads a file from its beginning to its end, several pieces ahead of whoever looks at them. Every piece that was begun
// is waited for, also after an error: its buffer is here.
class Pieces {
public:
    explicit Pieces(File& file) : file_(file), size_(file.attributes().size) {
        for (Piece& piece : pieces_) begin(piece);
    }

    // The next bytes; empty at the end. Valid until the next call.
    Task<Result<std::span<const std::byte>>> next() {
        if (shown_) begin(*std::exchange(shown_, nullptr));
        Piece& piece = pieces_[turn_++ % kAhead];
        if (!piece.reading) co_return std::span<const std::byte>();
        Result<u64> count = co_await piece.reading;
        piece.reading = {};
        shown_ = &piece;
        if (!count.ok()) co_return count.error();
        co_return std::span<const std::byte>(piece.bytes.get(), *count);
    }
    Task<void> finish() {
        for (Piece& piece : pieces_) {
            if (!piece.reading) continue;
            [[maybe_unused]] Result<u64> count = co_await piece.reading;
            piece.reading = {};
        }
    }

private:
    static constexpr std::size_t kAhead = 4;
    struct Piece {
        std::unique_ptr<std::byte[]> bytes = std::make_unique<std::byte[]>(kPiece);
        Task<Result<u64>> reading;
    };

    void begin(Piece& piece) {
        if (begun_ >= size_) return;
        piece.reading = file_.read(begun_, {piece.bytes.get(), kPiece});
        piece.reading.start();
        begun_ += kPiece;
    }

    File& file_;
    u64 size_;
    u64 begun_ = 0;
    std::size_t turn_ = 0;
    std::array<Piece, kAhead> pieces_;
    Piece* shown_ = nullptr;
};

// Directories have a size, too: reading one is refused before anything is begun.
Result<File> open_to_read(FileSystem& files, const std::string& path) {
    EFT_TRY(File file, files.open(path));
    if (file.attributes().type == file::FileType::Directory) return Error::IsDirectory;
    if (file.attributes().type != file::FileType::Regular) return Error::NotSupported;
    return file;
}

Task<Status> print_contents(Shell& shell, const std::string& path) {
    Result<File> file = co_await shell.with_files([&](FileSystem& files) { return open_to_read(files, path); });
    if (!file.ok()) co_return file.error();
    Pieces pieces(*file);
    Status status;
    for (;;) {
        Result<std::span<const std::byte>> piece = co_await pieces.next();
        status = piece.error();
        if (!piece.ok() || piece->empty()) break;
        co_await shell.print({reinterpret_cast<const char*>(piece->data()), piece->size()});
    }
    co_await pieces.finish();
    co_return status;
}

Task<Result<Sha256::Digest>> digest(Shell& shell, const std::string& path) {
    Result<File> file = co_await shell.with_files([&](FileSystem& files) { return open_to_read(files, path); });
    if (!file.ok()) co_return file.error();
    Pieces pieces(*file);
    Sha256 sum;
    Status status;
    for (;;) {
        Result<std::span<const std::byte>> piece = co_await pieces.next();
        status = piece.error();
        if (!piece.ok() || piece->empty()) break;
        sum.update(*piece);
        co_await shell.loop().yield();
    }
    co_await pieces.finish();
    if (!status.ok()) co_return status.error();
    co_return sum.finish();
}

Result<std::string> mount_text(FileSystem& files) {
    EFT_TRY(const file::FileSystemState state, files.status());
    return std::string("/ ").append(state.kind).append(state.read_only ? " read-only\n" : " read-write\n");
}
Result<std::string> usage_text(FileSystem& files) {
    EFT_TRY(const file::FileSystemState state, files.status());
    return file_system_text(state);
}
Result<std::string> all_about(FileSystem& files, const std::string& path) {
    EFT_TRY(const file::Attributes found, files.stat(path, true));
    Result<std::string> target = std::string();
    if (found.type == file::FileType::Symlink) target = files.read_link(found.inode);
    return stat_text(path, found, target.ok() ? std::string_view(*target) : "?");
}

}  // namespace

Task<int> command_cat(Shell& shell, const Arguments& given) {
    const std::vector<std::string>& paths = given.words;
    int status = 0;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        Status printed = co_await print_contents(shell, paths[i]);
        if (!printed.ok()) status = co_await fail_path(shell, given, paths[i], printed.error());
    }
    co_return status;
}

Task<int> command_sha256sum(Shell& shell, const Arguments& given) {
    const std::vector<std::string>& paths = given.words;
    int status = 0;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        Result<Sha256::Digest> sum = co_await digest(shell, paths[i]);
        if (!sum.ok()) {
            status = co_await fail_path(shell, given, paths[i], sum.error());
            continue;
        }
        const std::array<char, 64> digits = hex_digits(*sum);
        std::string line(digits.data(), digits.size());
        line.append("  ").append(terminal_text(paths[i])).append("\n");
        co_await shell.print(line);
    }
    co_return status;
}

Task<int> command_stat(Shell& shell, const Arguments& given) {
    const std::vector<std::string>& paths = given.words;
    int status = 0;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        const Result<std::string> text = co_await shell.with_files([&](FileSystem& files) { return all_about(files, paths[i]); });
        if (text.ok()) co_await shell.print(*text);
        else status = co_await fail_path(shell, given, paths[i], text.error());
    }
    co_return status;
}

Task<int> command_df(Shell& shell, const Arguments& given) {
    const Result<std::string> text = co_await shell.with_files(usage_text);
    int status = 0;
    if (text.ok()) co_await shell.print(*text);
    else status = co_await fail_path(shell, given, "/", text.error());
    co_return status;
}

Task<int> command_mount(Shell& shell, const Arguments& given) {
    const Result<std::string> text = co_await shell.with_files(mount_text);
    int status = 0;
    if (text.ok()) co_await shell.print(*text);
    else status = co_await fail_path(shell, given, "/", text.error());
    co_return status;
}

// Everything is on the disk: what is mounted cannot be written.
Task<int> command_sync(Shell&, const Arguments&) { co_return 0; }

}  // namespace eft::monitor
