// Commands about files. Each goes on with its next path after an error, and ends with status 1.
#include "monitor/format.h"
#include "monitor/rpc/json.h"
#include "monitor/shell.h"

#include <eft/sha256.h>

#include <algorithm>
#include <array>
#include <memory>

namespace eft::monitor {
namespace {

constexpr std::size_t kPiece = 64 * 1024;

// What a command was given: letters of options, and paths. An option that is not known is an error; "--" ends them.
struct Arguments {
    std::string options;
    std::vector<std::string> paths;
    std::string unknown;  // "-x"
    bool has(char option) const { return options.find(option) != std::string::npos; }
};
Arguments arguments_of(const Words& words, std::string_view known, const char* fallback = nullptr) {
    Arguments given;
    bool options = true;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (!options || !word.starts_with('-') || word.size() == 1) {
            given.paths.push_back(word);
        } else if (word == "--") {
            options = false;
        } else {
            if (word.find_first_not_of(known, 1) != std::string::npos && given.unknown.empty()) given.unknown = word;
            given.options.append(word, 1);
        }
    }
    if (given.paths.empty() && fallback) given.paths.emplace_back(fallback);
    return given;
}

// 0: the command may begin.
Task<int> check(Shell& shell, const Words& words, const Arguments& given) {
    int status = 0;
    if (!given.unknown.empty()) {
        const std::string what = terminal_text(given.unknown) + ": unknown option";
        status = co_await shell.fail(words, what);
    } else if (given.paths.empty()) {
        status = co_await shell.fail(words, "a path is wanted");
    }
    co_return status;
}

// Others say all that there is to say.
bool has_explanation(Error error) {
    return error == Error::BadFormat || error == Error::NotSupported || error == Error::DeviceError || error == Error::NoDevice ||
           error == Error::LimitReached;
}

// "NAME: PATH: error (what it was about)".
Task<int> fail(Shell& shell, const Words& words, const std::string& path, Error error) {
    std::string what = terminal_text(path);
    what.append(": ").append(to_string(error));
    if (Result<FileSystem*> files = shell.files(); files.ok() && has_explanation(error)) {
        const std::string about = (*files)->explain(error);
        if (!about.empty()) what.append(" (").append(terminal_text(about)).append(")");
    }
    const int status = co_await shell.fail(words, what);
    co_return status;
}

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
Result<File> open_to_read(Shell& shell, const std::string& path) {
    EFT_TRY(FileSystem* files, shell.files());
    EFT_TRY(File file, files->open(path));
    if (file.attributes().type == file::FileType::Directory) return Error::IsDirectory;
    if (file.attributes().type != file::FileType::Regular) return Error::NotSupported;
    return file;
}

Task<Status> print_contents(Shell& shell, const std::string& path) {
    Result<File> file = open_to_read(shell, path);
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
    Result<File> file = open_to_read(shell, path);
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

// Names of a directory, close together. A directory with more than these is listed as the disk has it, part by part.
class Names {
public:
    static constexpr std::size_t kMost = 8192;
    struct Name {
        u32 inode;
        u32 at;
        u8 length;
        file::FileType type;
    };

    void add(const DirectoryEntry& entry) {
        names_.push_back({entry.inode, static_cast<u32>(bytes_.size()), static_cast<u8>(entry.name.size()), entry.type});
        bytes_.append(entry.name);
    }
    std::size_t size() const { return names_.size(); }
    const Name& operator[](std::size_t index) const { return names_[index]; }
    std::string_view text(const Name& name) const { return std::string_view(bytes_).substr(name.at, name.length); }
    void sort() {
        std::sort(names_.begin(), names_.end(), [this](const Name& a, const Name& b) { return text(a) < text(b); });
    }
    void clear() {
        names_.clear();
        bytes_.clear();
    }

private:
    std::vector<Name> names_;
    std::string bytes_;
};

// One `ls` of one directory.
class Listing {
public:
    Listing(Shell& shell, const Words& words, FileSystem& files, const std::string& path, const Arguments& given)
        : shell_(shell), words_(words), files_(files), path_(path), all_(given.has('a')), long_(given.has('l')) {}

    // 1: something could not be shown, and was named.
    Task<int> print() {
        Result<File> directory = files_.open(path_);
        if (!directory.ok()) {
            status_ = co_await fail(shell_, words_, path_, directory.error());
            co_return status_;
        }
        Names names;
        bool first = true;
        for (std::optional<u64> cursor = 0; cursor;) {
            bool damaged = false;
            auto next = directory->list(*cursor, [&](const DirectoryEntry& entry) {
                damaged = damaged || entry.type == file::FileType::Damaged;
                if (all_ || !entry.name.starts_with('.')) names.add(entry);
            });
            if (damaged) about_ = files_.explain(Error::BadFormat);
            if (!next.ok()) {
                status_ = co_await fail(shell_, words_, path_, next.error());
                break;
            }
            cursor = *next;
            co_await shell_.loop().yield();
            if (!cursor || names.size() < Names::kMost) continue;
            if (std::exchange(first, false)) widths_ = {5, 5, 5, 12};  // of what comes nothing is known
            co_await print_names(names);
            names.clear();
        }
        names.sort();
        co_await print_names(names);
        co_return status_;
    }

private:
    static constexpr std::size_t kAtOnce = 256;

    // Their columns are as wide as the widest of them needs.
    Task<void> print_names(const Names& names) {
        std::vector<file::Attributes> attributes;
        for (std::size_t begin = 0; begin < names.size(); begin += kAtOnce) {
            const std::size_t end = std::min(names.size(), begin + kAtOnce);
            attributes.clear();
            for (std::size_t i = begin; long_ && i < end; ++i) {
                file::Attributes found = co_await attributes_of(names, names[i]);
                attributes.push_back(found);
            }
            std::string text;
            for (std::size_t i = begin; i < end; ++i) {
                if (names[i].type == file::FileType::Damaged) co_await report_damage(names.text(names[i]));
                else if (!long_) text.append(terminal_text(names.text(names[i]))).append("\n");
                else if (attributes[i - begin].inode != 0) text.append(line(names, names[i], attributes[i - begin]));
            }
            co_await shell_.print(text);
            co_await shell_.loop().yield();
        }
    }
    // Inode 0: it has none, and that was said.
    Task<file::Attributes> attributes_of(const Names& names, const Names::Name& name) {
        file::Attributes attributes;
        if (name.type == file::FileType::Damaged) co_return attributes;
        auto found = files_.stat_entry(name.inode);
        if (found.ok()) {
            attributes = *found;
            widths_.fit(attributes);
        } else {
            const std::string path = path_of(names.text(name));
            status_ = co_await fail(shell_, words_, path, found.error());
        }
        co_return attributes;
    }
    std::string line(const Names& names, const Names::Name& name, const file::Attributes& attributes) {
        std::string target;
        if (attributes.type == file::FileType::Symlink) {
            auto read = files_.read_link(name.inode);
            target = read.ok() ? std::move(*read) : std::string("?");
        }
        return long_line(attributes, widths_, names.text(name), target).append("\n");
    }
    Task<void> report_damage(std::string_view name) {
        std::string what = terminal_text(name.empty() ? path_ : path_of(name));
        what.append(name.empty() ? ": a part of the directory is damaged" : ": damaged entry");
        if (!about_.empty()) what.append(" (").append(terminal_text(about_)).append(")");
        status_ = co_await shell_.fail(words_, what);
    }
    std::string path_of(std::string_view name) const {
        std::string path = path_;
        if (!path.ends_with('/')) path.push_back('/');
        return path.append(name);
    }

    Shell& shell_;
    const Words& words_;
    FileSystem& files_;
    const std::string& path_;
    const bool all_, long_;
    Widths widths_;
    std::string about_;  // the damage that was met last
    int status_ = 0;
};

// One path of `ls`.
Task<int> list(Shell& shell, const Words& words, const std::string& path, const Arguments& given) {
    int status = 0;
    Result<FileSystem*> files = shell.files();
    using Found = Result<file::Attributes>;
    Found self = files.ok() ? (*files)->stat(path, given.has('l') && !path.ends_with('/')) : Found(files.error());
    if (!self.ok()) {
        status = co_await fail(shell, words, path, self.error());
    } else if (self->type == file::FileType::Directory) {
        Listing listing(shell, words, **files, path, given);
        status = co_await listing.print();
    } else if (given.has('l')) {
        Widths widths;
        widths.fit(*self);
        Result<std::string> target = std::string();
        if (self->type == file::FileType::Symlink) target = (*files)->read_link(self->inode);
        const std::string line = long_line(*self, widths, path, target.ok() ? std::string_view(*target) : "?") + "\n";
        co_await shell.print(line);
    } else {
        const std::string line = terminal_text(path) + "\n";
        co_await shell.print(line);
    }
    co_return status;
}

Result<file::FileSystemState> file_system_state(Shell& shell) {
    EFT_TRY(FileSystem* files, shell.files());
    return files->status();
}

}  // namespace

Task<int> command_cat(Shell& shell, const Words& words) {
    const Arguments given = arguments_of(words, "");
    const std::vector<std::string>& paths = given.paths;
    int status = co_await check(shell, words, given);
    if (status != 0) co_return status;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        Status printed = co_await print_contents(shell, paths[i]);
        if (!printed.ok()) status = co_await fail(shell, words, paths[i], printed.error());
    }
    co_return status;
}

Task<int> command_sha256sum(Shell& shell, const Words& words) {
    const Arguments given = arguments_of(words, "");
    const std::vector<std::string>& paths = given.paths;
    int status = co_await check(shell, words, given);
    if (status != 0) co_return status;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        Result<Sha256::Digest> sum = co_await digest(shell, paths[i]);
        if (!sum.ok()) {
            status = co_await fail(shell, words, paths[i], sum.error());
            continue;
        }
        const std::array<char, 64> digits = hex_digits(*sum);
        std::string line(digits.data(), digits.size());
        line.append("  ").append(terminal_text(paths[i])).append("\n");
        co_await shell.print(line);
    }
    co_return status;
}

Task<int> command_ls(Shell& shell, const Words& words) {
    const Arguments given = arguments_of(words, "al", "/");
    int status = co_await check(shell, words, given);
    if (status != 0) co_return status;
    for (std::size_t i = 0; i < given.paths.size(); ++i) {
        if (given.paths.size() > 1) {
            std::string title = i == 0 ? "" : "\n";
            title.append(terminal_text(given.paths[i])).append(":\n");
            co_await shell.print(title);
        }
        const int listed = co_await list(shell, words, given.paths[i], given);
        if (listed != 0) status = listed;
    }
    co_return status;
}

Task<int> command_stat(Shell& shell, const Words& words) {
    const Arguments given = arguments_of(words, "");
    const std::vector<std::string>& paths = given.paths;
    int status = co_await check(shell, words, given);
    if (status != 0) co_return status;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        Result<FileSystem*> files = shell.files();
        using Found = Result<file::Attributes>;
        Found found = files.ok() ? (*files)->stat(paths[i], true) : Found(files.error());
        if (!found.ok()) {
            status = co_await fail(shell, words, paths[i], found.error());
            continue;
        }
        Result<std::string> target = std::string();
        if (found->type == file::FileType::Symlink) target = (*files)->read_link(found->inode);
        const std::string text = stat_text(paths[i], *found, target.ok() ? std::string_view(*target) : "?");
        co_await shell.print(text);
    }
    co_return status;
}

Task<int> command_df(Shell& shell, const Words& words) {
    Result<file::FileSystemState> state = file_system_state(shell);
    int status = 0;
    if (!state.ok()) {
        status = co_await fail(shell, words, "/", state.error());
        co_return status;
    }
    const std::string text = file_system_text(*state);
    co_await shell.print(text);
    co_return status;
}

Task<int> command_mount(Shell& shell, const Words& words) {
    Result<file::FileSystemState> state = file_system_state(shell);
    int status = 0;
    if (!state.ok()) {
        status = co_await fail(shell, words, "/", state.error());
        co_return status;
    }
    std::string text = "/ ";
    text.append(state->kind).append(state->read_only ? " read-only\n" : " read-write\n");
    co_await shell.print(text);
    co_return status;
}

// Everything is on the disk: what is mounted cannot be written.
Task<int> command_sync(Shell&, const Words&) { co_return 0; }

}  // namespace eft::monitor
