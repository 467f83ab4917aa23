#include "monitor/update.h"

#include "monitor/file_errors.h"

#include <eft/boot_file.h>
#include <eft/shared_memory.h>

#include <cstring>

namespace eft::monitor {
namespace {

struct ProgramFile {
    SharedMemory memory;
    u64 bytes = 0;
};

// A name without a slash is a program of the boot archive.
Result<ProgramFile> copy_boot_file(std::string_view name) {
    EFT_TRY(const auto file, boot_file(name));
    ProgramFile program{.memory = {}, .bytes = file.size()};
    EFT_TRY(program.memory, SharedMemory::create(file.size()));
    std::memcpy(program.memory.bytes().data(), file.data(), file.size());
    return program;
}

Task<Result<ProgramFile>> read_program(Shell& shell, const std::string& path) {
    if (!path.contains('/')) co_return copy_boot_file(path);
    Result<File> file = co_await shell.with_files([&](FileSystem& files) { return files.open(path); });
    if (!file.ok()) co_return file.error();
    if (file->attributes().type != file::FileType::Regular) co_return Error::IsDirectory;
    if (file->attributes().size == 0) co_return Error::BadFormat;
    ProgramFile program{.memory = {}, .bytes = file->attributes().size};
    EFT_CO_TRY(program.memory, SharedMemory::create(program.bytes));
    Result<u64> read = co_await file->read(0, program.memory.bytes().first(program.bytes));
    if (!read.ok()) co_return read.error();
    program.bytes = *read;
    co_return program;
}

std::string_view help_of(Error error) {
    switch (error) {
        case Error::NotFound: return "there is no such service; service list shows all";
        case Error::PermissionDenied: return "a core server, which takes no such order";
        case Error::BadFormat: return "the file is no program for this machine, or one of another service";
        case Error::Busy: return "its last update is on trial";
        case Error::ServiceFailed: return "the new program did not come up, and the one before it runs again; service info says why";
        case Error::WrongState: return "it was stopped meanwhile";
        default: return {};
    }
}

}  // namespace

Task<int> update_service(Shell& shell, const Arguments& given) {
    const std::string &name = given.words[0], &path = given.words[1];
    int status = 0;
    Result<ProgramFile> program = co_await read_program(shell, path);
    if (!program.ok()) {
        status = co_await fail_path(shell, given, path, program.error());
        co_return status;
    }
    const Status done = co_await shell.call([&] {
        rs::UpdateOrder order;
        order.name = name;
        order.program = decltype(order.program)(program->memory.object());
        order.bytes = program->bytes;
        return Status(settled(shell.supervisor().update(order)).error());
    });
    if (done.ok()) co_return status;
    const std::string_view help = help_of(done.error());
    if (help.empty()) status = co_await shell.fail(given, name, done.error());
    else {
        const std::string line = terminal_text(name).append(": ").append(help);
        status = co_await shell.fail(given, line);
    }
    co_return status;
}

}  // namespace eft::monitor
