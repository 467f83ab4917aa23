// One of many clients of the file server: sums /big.bin again and again, and logs how often the sum was what it was the
// first time. A file that cannot be read, or another sum, ends it with a panic, which the test sees.
#include <eft/file.h>
#include <eft/panic.h>
#include <eft/process.h>
#include <eft/sha256.h>
#include <eft/text.h>

using namespace eft;

namespace {

Task<Sha256::Digest> sum_of(File& file) {
    static std::byte piece[16 * 1024];
    Sha256 sum;
    for (u64 offset = 0;;) {
        Result<u64> count = co_await file.read(offset, piece);
        if (count.error() == Error::ServiceFailed) continue;  // in progress at two deaths, as the interface says
        if (!count.ok()) panic(to_string(count.error()));
        if (*count == 0) co_return sum.finish();
        sum.update(std::span(piece).first(*count));
        offset += *count;
    }
}

Task<int> read_always(WakeLoop& loop) {
    FileSystem files(loop);
    if (!files.connect("file/0").ok()) panic("no session with the file server");
    Result<File> file = files.open("/big.bin");
    if (!file.ok()) panic("the file cannot be opened");
    const Sha256::Digest first = co_await sum_of(*file);
    for (u64 again = 1;; ++again) {
        FixedText<128> line;
        const auto digits = hex_digits(first);
        log(line.append("sums ").decimal(again).append(", all ").append({digits.data(), digits.size()}));
        if (co_await sum_of(*file) != first) panic("another sum");
    }
}

}  // namespace

int eft_main() {
    report_ready();
    static WakeLoop loop;
    return loop.run(read_always(loop));
}
