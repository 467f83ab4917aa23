// What a client keeps of the calls that opened something in its session (`opens` in the interface), so that its stub can
// open the same again, under the same number, in a server that has forgotten it.
//
//   file::File::Opens opens;            // memory for as many as the interface lets a session have
//   client.keep_opens(opens);           // from now on; `opens` outlives the client and stays where it is
//
// A request is kept as it was sent, word for word, from its success until the call that closes the same number. It is
// sent again when a call that says on_restart:"reopen" finds its number unknown (StaleSession), or its server dead: not
// before, so that nothing is opened for those who do not come back to it. Where the answer shows that it leads to
// something else now (`same`), the number is closed, and whoever uses it is told StaleSession from then on.
#pragma once

#include <eft/abi/result.h>
#include <eft/ipc/message_writer.h>
#include <eft/ipc/method.h>

#include <array>
#include <tuple>
#include <utility>

namespace eft::ipc {

// The words of a message without capabilities, out of registers and page.
template <class Table>
struct KeptMessage {
    static_assert(Table::kCaps == 0 && !Table::kHasArea);
    static constexpr unsigned kHeadWords = Table::kFlatWords > kRegisterWords ? Table::kFlatWords : kRegisterWords;
    static constexpr unsigned kWords = kHeadWords + Table::kTailWords;

    Tag tag;
    std::array<u64, kWords> words;

    // Through a page of its own: strings of the table may lie in the thread's. False: it is too large.
    [[gnu::noinline]] bool keep(const Table& table, u32 label) {
        Registers registers;
        Utcb page;
        MessageWriter<Table> out(registers, page);
        table.encode(out);
        tag = out.tag(label);
        for (unsigned i = 0; i < tag.words(); ++i) words[i] = i < kRegisterWords ? registers.w[i] : page.words[i];
        return out.complete();
    }
    void send(Registers& registers, Utcb& page) const {
        registers.tag = tag;
        for (unsigned i = 0; i < tag.words(); ++i) (i < kRegisterWords ? registers.w[i] : page.words[i]) = words[i];
    }
};

// For one call that opens: traits of it, and of the call that closes (void: there is none).
template <class Open, class Close>
class KeptOpens {
public:
    using OpenMethod = Open;
    using Request = typename Open::Request;
    using Answer = Received<typename Open::Response>;

    // Before the call is sent. LimitReached: as many are open as the interface allows.
    Status prepare(const Request& request) {
        if (!find(Open::key(request)) && in_use() == Open::kKept) return Error::LimitReached;
        coming_ = &spare();
        return coming_->message.keep(request, Open::kLabel) ? Status() : Status(Error::InvalidArgument);
    }
    // It has succeeded; others may have been closed meanwhile.
    void keep(const Request& request, const Answer& answer) {
        Kept& kept = *coming_;
        if (Kept* before = find(Open::key(request))) before->used = false;
        kept.used = true;
        kept.key = Open::key(request);
        kept.identity = Open::identity(answer);
        kept.generation = 0;
    }
    void forget(u64 key) {
        if (Kept* kept = find(key)) kept->used = false;
    }

    // How often it was opened again.
    u32 generation(u64 key) const {
        const Kept* kept = find(key);
        return kept ? kept->generation : 0;
    }
    template <class Client>
    Status open_again(Client& client, u64 key) {
        Kept* kept = find(key);
        return kept ? open_again(client, *kept) : Status(Error::StaleSession);
    }
    // What cannot be opened says so when it is used.
    template <class Client>
    Status open_all_again(Client& client) {
        for (Kept& kept : kept_) {
            if (!kept.used) continue;
            const Status opened = open_again(client, kept);
            if (opened.error() == Error::PeerDied) return opened;
        }
        return {};
    }

private:
    struct Kept {
        bool used = false;
        u32 generation;
        u64 key;
        u64 identity;
        KeptMessage<Request> message;
    };

    template <class Client>
    Status open_again(Client& client, Kept& kept) {
        const auto answer = client.template send_kept<Open>(kept.message);
        if (!answer.ok()) return answer.error();
        if (Open::identity(*answer) != kept.identity) {
            kept.used = false;
            if constexpr (!std::is_void_v<Close>) static_cast<void>(client.template send_closing<Close>(kept.key));
            return Error::StaleSession;
        }
        ++kept.generation;
        return {};
    }

    const Kept* find(u64 key) const {
        for (const Kept& kept : kept_)
            if (kept.used && kept.key == key) return &kept;
        return nullptr;
    }
    Kept* find(u64 key) { return const_cast<Kept*>(std::as_const(*this).find(key)); }
    unsigned in_use() const {
        unsigned count = 0;
        for (const Kept& kept : kept_) count += kept.used;
        return count;
    }
    // There is always one more than are in use: a number that is opened again keeps its old request until the new one is
    // answered.
    Kept& spare() {
        unsigned index = 0;
        while (kept_[index].used) ++index;
        return kept_[index];
    }

    std::array<Kept, Open::kKept + 1> kept_;
    Kept* coming_ = nullptr;  // whose answer is awaited
};

// Of all calls of an interface that open something.
template <class... Kept>
class Opens {
public:
    template <class Open>
    auto& of() {
        return std::get<find<Open>(std::index_sequence_for<Kept...>())>(kept_);
    }

    // For stubs: what the call with label `opening` opened under this number; 0: all that is kept.
    template <class Client>
    Status open_again(Client& client, u32 opening, u64 key) {
        Status status;
        const auto one = [&](auto& kept) {
            if (!status.ok()) return;
            if (opening == 0) status = kept.open_all_again(client);
            else if (opening == std::remove_reference_t<decltype(kept)>::OpenMethod::kLabel) status = kept.open_again(client, key);
        };
        std::apply([&](auto&... kept) { (one(kept), ...); }, kept_);
        return status;
    }

private:
    template <class Open, std::size_t... I>
    static constexpr std::size_t find(std::index_sequence<I...>) {
        return ((std::is_same_v<typename Kept::OpenMethod, Open> ? I : 0) + ... + 0);
    }
    std::tuple<Kept...> kept_;
};

}  // namespace eft::ipc
