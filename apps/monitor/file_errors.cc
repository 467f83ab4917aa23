#include "monitor/file_errors.h"

#include "monitor/format.h"
#include "monitor/held.h"
#include "monitor/rpc/json.h"

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
    what.append(": ").append(error == Error::ServiceHeld ? held_text(shell.supervisor(), kFileService) : to_string(error));
    if (Result<FileSystem*> files = shell.files(); files.ok() && has_explanation(error)) {
        const std::string about = (*files)->explain(error);
        if (!about.empty()) what.append(" (").append(terminal_text(about)).append(")");
    }
    const int status = co_await shell.fail(given, what);
    co_return status;
}

}  // namespace eft::monitor
