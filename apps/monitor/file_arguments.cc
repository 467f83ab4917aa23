#include "monitor/file_arguments.h"

#include "monitor/format.h"
#include "monitor/rpc/json.h"

namespace eft::monitor {
namespace {

// Others say all that there is to say.
bool has_explanation(Error error) {
    return error == Error::BadFormat || error == Error::NotSupported || error == Error::DeviceError || error == Error::NoDevice ||
           error == Error::LimitReached;
}

}  // namespace

Arguments arguments_of(const Words& words, std::string_view known, const char* fallback) {
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

Task<int> check_paths(Shell& shell, const Words& words, const Arguments& given) {
    int status = 0;
    if (!given.unknown.empty()) {
        const std::string what = terminal_text(given.unknown) + ": unknown option";
        status = co_await shell.fail(words, what);
    } else if (given.paths.empty()) {
        status = co_await shell.fail(words, "a path is wanted");
    }
    co_return status;
}

Task<int> fail_path(Shell& shell, const Words& words, const std::string& path, Error error) {
    std::string what = terminal_text(path);
    what.append(": ").append(to_string(error));
    if (Result<FileSystem*> files = shell.files(); files.ok() && has_explanation(error)) {
        const std::string about = (*files)->explain(error);
        if (!about.empty()) what.append(" (").append(terminal_text(about)).append(")");
    }
    const int status = co_await shell.fail(words, what);
    co_return status;
}

}  // namespace eft::monitor
