// What could stand where the Tab key was pressed.
#include "monitor/arguments.h"
#include "monitor/rpc/rpc_names.h"
#include "monitor/shell.h"

namespace eft::monitor {
namespace {

std::vector<std::string> command_names() {
    std::vector<std::string> names;
    for (const CommandEntry& entry : all_commands()) names.emplace_back(entry.name);
    return names;
}

std::vector<std::string> service_names(Supervisor& supervisor) {
    std::vector<std::string> names;
    static_cast<void>(visit_services(supervisor, [&](const auto& line) {
        names.emplace_back(line.name);
        return false;
    }));
    return names;
}

Task<std::vector<std::string>> paths(Shell& shell, std::string word) {
    std::vector<std::string> found;
    const std::string folder = word.substr(0, word.rfind('/') + 1);
    const std::string_view name = std::string_view(word).substr(folder.size());
    Result<File> directory = co_await shell.with_files([&](FileSystem& files) { return files.open(folder.empty() ? "/" : folder); });
    if (!directory.ok()) co_return found;
    const auto add = [&](const DirectoryEntry& entry) {
        if (!entry.name.starts_with(name) || (name.empty() && entry.name.starts_with('.'))) return;
        found.push_back(folder + std::string(entry.name));
        if (entry.type == file::FileType::Directory) found.back().push_back('/');
    };
    for (std::optional<u64> cursor = 0; cursor && found.size() < kMostCandidates;) {
        const auto next = co_await shell.with_files([&](FileSystem&) { return directory->list(*cursor, add); });
        if (!next.ok()) break;
        cursor = *next;
        co_await shell.loop().yield();
    }
    co_return found;
}

}  // namespace

Task<std::vector<std::string>> candidates(Shell& shell, Question question) {
    std::vector<std::string> all;
    switch (question.of) {
        case Question::Of::Nothing: break;
        case Question::Of::Command: all = command_names(); break;
        case Question::Of::Verb: all = alternatives(question.argument); break;
        case Question::Of::Service:
            if (question.before.front() == "rpc") all = rpc_services(shell);
            else all = co_await shell.call([&] { return service_names(shell.supervisor()); });
            break;
        case Question::Of::Method: all = co_await rpc_methods(shell, question.before.back()); break;
        case Question::Of::Event: all = co_await rpc_events(shell, question.before[1]); break;
        case Question::Of::Path: all = co_await paths(shell, question.word); break;
    }
    co_return fitting(std::move(all), question.word);
}

}  // namespace eft::monitor
