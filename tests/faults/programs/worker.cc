// A program that does a little of everything and looks whether it is right, comes up when it has, and waits for its end. What
// is wrong is a line in its log, and the end with status 1: then it never comes up.
//
// Several of them run at once (workloads/programs.json). Each takes memory and gives it back, opens sessions and closes them,
// reads /page.bin and fetches it from the host, and sends bytes to itself over the network.
#include <eft/file.h>
#include <eft/http/response.h>
#include <eft/idl/counter.h>
#include <eft/idl/echo.h>
#include <eft/process.h>
#include <eft/session.h>
#include <eft/sha256.h>
#include <eft/shared_memory.h>
#include <eft/socket/address.h>
#include <eft/socket/sockets.h>
#include <eft/text.h>
#include <eft/wake.h>

#include <array>
#include <vector>

using namespace eft;
using socket::Sockets;
using socket::Stream;

namespace {

constexpr unsigned kRounds = 2;
constexpr std::size_t kPiece = 16 * 1024, kToItself = 40 * 1024;
constexpr std::string_view kRequest = "GET /page.bin HTTP/1.0\r\n\r\n";

// Other bytes for each program, round and place.
u64 word_at(u64 seed, u64 place) { return (seed * 1'000'003 + place) * 0x9e37'79b9'7f4a'7c15; }

void fill(std::span<std::byte> bytes, u64 seed) {
    for (std::size_t at = 0; at + sizeof(u64) <= bytes.size(); at += sizeof(u64)) {
        const u64 word = word_at(seed, at);
        __builtin_memcpy(bytes.data() + at, &word, sizeof word);
    }
}
bool is_filled(std::span<const std::byte> bytes, u64 seed) {
    for (std::size_t at = 0; at + sizeof(u64) <= bytes.size(); at += sizeof(u64)) {
        const u64 word = word_at(seed, at);
        if (__builtin_memcmp(bytes.data() + at, &word, sizeof word) != 0) return false;
    }
    return true;
}

// Objects of its own, and another mapping of each.
Status use_memory(u64 seed) {
    constexpr u64 kBytes[] = {4096, 65536, 20480, 131072};
    std::vector<SharedMemory> objects, again;
    for (const u64 bytes : kBytes) {
        EFT_TRY(SharedMemory memory, SharedMemory::create(bytes));
        EFT_TRY(SharedMemory mapped, SharedMemory::borrow(memory.object().slot(), bytes));
        fill(memory.bytes(), seed + bytes);
        objects.push_back(std::move(memory));
        again.push_back(std::move(mapped));
    }
    for (std::size_t i = 0; i < objects.size(); ++i) {
        if (!is_filled(again[i].bytes(), seed + kBytes[i])) return Error::BadFormat;
        objects[i].reset();
        if (!is_filled(again[i].bytes(), seed + kBytes[i])) return Error::BadFormat;
    }
    return {};
}

Status use_sessions(u64 seed) {
    EFT_TRY(auto echo, connect_client<echo::EchoClient<>>("echo"));
    EFT_TRY(const auto words, echo.repeat({seed, ~seed, 3, 4}));
    if (words.a != seed || words.b != ~seed || words.c != 3 || words.d != 4) return Error::BadFormat;
    EFT_TRY(auto counter, connect_client<counter::CounterClient<>>("counter"));
    EFT_TRY(const auto before, counter.get());
    EFT_TRY(const auto sum, counter.add({1}));
    EFT_TRY(const auto mine, counter.mine());
    return sum.value > before.value && mine.added == 1 && mine.calls == 1 ? Status{} : Status{Error::BadFormat};
}

Task<Result<Sha256::Digest>> read_file(FileSystem& files) {
    EFT_CO_TRY(File file, files.open("/page.bin"));
    std::vector<std::byte> piece(kPiece);
    Sha256 sum;
    for (u64 offset = 0;;) {
        EFT_CO_TRY(const u64 count, co_await file.read(offset, piece));
        if (count == 0) co_return sum.finish();
        sum.update(std::span(piece).first(count));
        offset += count;
    }
}

Task<Result<Sha256::Digest>> fetch_file(Sockets& sockets) {
    const socket::Endpoint host{.address = socket::ipv4(10, 0, 2, 100), .port = 80};
    EFT_CO_TRY(Stream stream, co_await sockets.connect(host));
    EFT_CO_CHECK(co_await stream.write(std::as_bytes(std::span(kRequest))));
    http::Response response;
    std::vector<std::byte> piece(kPiece);
    std::string body;
    Sha256 sum;
    while (!response.is_complete()) {
        EFT_CO_TRY(const u64 count, co_await stream.read(piece));
        body.clear();
        if (count == 0) EFT_CO_CHECK(response.end());
        else EFT_CO_CHECK(response.take(std::span(piece).first(count), body));
        sum.update(body);
    }
    co_return sum.finish();
}

Task<Status> send_all(Sockets& sockets, u16 port, u64 seed) {
    const socket::Endpoint itself{.address = socket::ipv4(127, 0, 0, 1), .port = port};
    EFT_CO_TRY(Stream stream, co_await sockets.connect(itself));
    std::vector<std::byte> bytes(kToItself);
    fill(bytes, seed);
    EFT_CO_CHECK(co_await stream.write(bytes));
    co_return stream.shutdown(socket::Directions::Send);
}

Task<Status> send_to_itself(Sockets& sockets, u64 seed) {
    const socket::Endpoint anywhere{};
    EFT_CO_TRY(socket::Listener listener, co_await sockets.listen(anywhere));
    EFT_CO_TRY(const socket::Description names, listener.describe());
    Task<Status> sending = send_all(sockets, names.local_port, seed);
    sending.start();
    EFT_CO_TRY(Stream stream, co_await listener.accept());
    std::vector<std::byte> bytes(kToItself + 1);
    std::size_t at = 0;
    for (u64 count = 1; count != 0; at += count) {
        EFT_CO_TRY(count, co_await stream.read(std::span(bytes).subspan(at)));
    }
    EFT_CO_CHECK(co_await sending);
    co_return at == kToItself && is_filled(std::span(bytes).first(at), seed) ? Status{} : Status{Error::BadFormat};
}

// Empty: all was right.
Task<std::string> work(FileSystem& files, Sockets& sockets, u64 seed) {
    const auto told = [](std::string_view what, Error error) { return std::string(what).append(": ").append(to_string(error)); };
    if (const Status used = use_memory(seed); !used.ok()) co_return told("memory", used.error());
    if (const Status used = use_sessions(seed); !used.ok()) co_return told("sessions", used.error());
    const Result<Sha256::Digest> read = co_await read_file(files);
    if (!read.ok()) co_return told("the file", read.error());
    const Result<Sha256::Digest> fetched = co_await fetch_file(sockets);
    if (!fetched.ok()) co_return told("the download", fetched.error());
    if (*read != *fetched) co_return "the file and the download differ";
    const Status sent = co_await send_to_itself(sockets, seed);
    if (!sent.ok()) co_return told("the connection to itself", sent.error());
    co_return "";
}

Task<int> work_some_rounds(FileSystem& files, Sockets& sockets) {
    const u64 which = static_cast<u64>(field_text(config().name).back() - '0');
    std::string wrong;
    if (const Status connected = files.connect("file/0"); !connected.ok()) wrong = to_string(connected.error());
    for (u64 round = 0; round < kRounds && wrong.empty(); ++round)
        wrong = co_await work(files, sockets, which * kRounds + round);
    log(wrong.empty() ? "all is right" : wrong);
    co_return wrong.empty() ? 0 : 1;
}

}  // namespace

int eft_main() {
    static WakeLoop loop;
    static FileSystem files(loop);
    static Sockets sockets(loop, {.sockets = 8});
    const int status = loop.run(work_some_rounds(files, sockets));
    if (status != 0) return status;
    report_ready();
    for (;;) wait_for_wake();
}
