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

std::vector<std::string> service_names(Shell& shell) {
    std::vector<std::string> names;
    for (rs::Cursor cursor;;) {
        auto line = settled(shell.supervisor().next(cursor));
        if (!line.ok() || (line->index <= cursor.after && cursor.after != 0)) return names;
        cursor.after = line->index;
        names.emplace_back(line->name);
    }
}

// The entries of the word's directory that begin as the word does.
Task<std::vector<std::string>> paths(Shell& shell, std::string word) {
    std::vector<std::string> found;
    const std::string folder = word.substr(0, word.rfind('/') + 1);
    const std::string_view name = std::string_view(word).substr(folder.size());
    const Result<FileSystem*> files = shell.files();
    if (!files.ok()) co_return found;
    Result<File> directory = (*files)->open(folder.empty() ? "/" : folder);
    if (!directory.ok()) co_return found;
    for (std::optional<u64> cursor = 0; cursor && found.size() < kMostCandidates;) {
        auto next = directory->list(*cursor, [&](const DirectoryEntry& entry) {
            if (!entry.name.starts_with(name) || (name.empty() && entry.name.starts_with('.'))) return;
            found.push_back(folder + std::string(entry.name));
            if (entry.type == file::FileType::Directory) found.back().push_back('/');
        });
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
        case Question::Of::Service: all = question.before.front() == "rpc" ? rpc_services(shell) : service_names(shell); break;
        case Question::Of::Method: all = co_await rpc_methods(shell, question.before.back()); break;
        case Question::Of::Event: all = co_await rpc_events(shell, question.before[1]); break;
        case Question::Of::Path: all = co_await paths(shell, question.word); break;
    }
    co_return fitting(std::move(all), question.word);
}

}  // namespace eft::monitor
