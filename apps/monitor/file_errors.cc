#include "monitor/file_errors.h"

#include "monitor/failure.h"
#include "monitor/format.h"

#include <eft/json.h>

namespace eft::monitor {
namespace {

// Others say all that there is to say.
bool has_explanation(Error error) {
    return error == Error::BadFormat || error == Error::NotSupported || error == Error::DeviceError || error == Error::NoDevice ||
           error == Error::LimitReached;
}

}  // namespace

Task<int> fail_path(Shell& shell, const Arguments& given, const std::string& path, Error error) {
    std::string what = terminal_text(path);
    const std::string words = co_await failure_text(shell.calls(), shell.supervisor(), kFileService, error);
    Result<std::string> about = std::string();
    if (has_explanation(error)) about = co_await shell.with_files([error](FileSystem& files) -> Result<std::string> { return files.explain(error); });
    what.append(": ").append(words);
    if (about.ok() && !about->empty()) what.append(" (").append(terminal_text(*about)).append(")");
    const int status = co_await shell.fail(given, what);
    co_return status;
}

}  // namespace eft::monitor
