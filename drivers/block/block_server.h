// The service Block over a device: sessions that survive restarts, and the serving of their rings.
//
//   client's ring --poll_ring--> Operations (waiting -> begun) --begin--> device
//         ^------------complete------------------------------<--next_ended---+
//
// What survives is in the state region: which sessions are attached, and how large their areas are; their capabilities
// lie in persistent slots, four for each place. Everything else is found again: a new incarnation maps the rings, and the
// rings know which entries nobody has answered. Attach is one transaction; slots without a committed record are emptied
// at the start.
//
// A client that breaks the rules of its ring loses its session: the record says Broken, for later incarnations, too, and
// stays until names says that the client has ended. Memory and slots are let go when nothing of it is in progress.
#pragma once

#include <drivers/block/operations.h>

#include <eft/state/client_sessions.h>

namespace eft::block {

constexpr u32 kSessions = 8;
constexpr u64 kMostAreaBytes = 4 * 1024 * 1024;
constexpr u32 kLayoutVersion = 1;
constexpr u64 kRingBytes =
    page_up(ring::Geometry::of(Block::kRingEntries, Block::kRingRequestWords, Block::kRingResponseWords, 0).memory_bytes());

enum class Stage : u32 { New, Attached, Broken };
struct Session {
    u64 area_bytes = 0;
    Stage stage = Stage::New;
    u32 reserved = 0;
    ipc::OnceReply<Block::kOnceWords> last_reply;
    auto& once() { return last_reply; }
};
struct State {
    SessionTable<Session, kSessions> clients;
};

// Bits of the program's notification: one for each place.
constexpr u64 wake_bit(u32 place) { return u64{1} << place; }

template <Platform P>
class BlockService {
public:
    using Region = StateRegion<State>;
    using Clients = ClientSessions<Region, Session, kSessions>;

    // What this incarnation has of an attached session.
    struct Client {
        u32 place = 0;
        bool open = false;
        bool closing = false;  // no more entries are taken
        bool ended = false;    // names has said so: the record goes, too
        typename P::Mapping ring;
        typename P::Mapping area;
        Block::RingConsumer consumer;
    };

    BlockService(Region& region, P& platform, Backend& backend)
        : region_(region), platform_(platform), backend_(backend), sessions_(region, region->clients) {}

    // Before the first request; the device runs.
    Status restore() {
        const auto valid = [](const Session& session) { return session.stage <= Stage::Broken && session.area_bytes <= kMostAreaBytes; };
        const auto dropped = sessions_.view().restore(valid, [](Badge) {});
        if (!dropped.ok()) return dropped.error();
        for (u32 place = 0; place < kSessions; ++place) {
            const Session* session = sessions_.at(place);
            if (!session || session->stage != Stage::Attached) {
                empty_slots(place);
            } else if (Status opened = open(place, session->area_bytes); !opened.ok()) {
                platform_.report("a session could not be opened again");
                EFT_CHECK(mark_broken(place));
                empty_slots(place);
            }
        }
        return {};
    }

    Session* session(Badge badge) { return sessions_.session(badge); }
    typename Clients::View& view() { return sessions_.view(); }

    Result<Attached> attach(ipc::Context&, Session& session, Attach&& request) {
        const u32 place = sessions_.place_of(session);
        if (session.stage == Stage::Broken) return Error::ProtocolViolation;
        if (session.stage == Stage::Attached || clients_[place].open) return Error::WrongState;
        const u64 area_bytes = request.area_bytes;
        if (area_bytes == 0 || area_bytes % kPageSize != 0 || area_bytes > kMostAreaBytes) return Error::InvalidArgument;

        auto transaction = region_.begin();
        EFT_TRY(Session * changed, sessions_.edit(place));
        Status opened = keep(place, request);
        if (opened.ok()) opened = open(place, area_bytes);
        if (!opened.ok()) {
            empty_slots(place);
            return opened.error();
        }
        changed->area_bytes = area_bytes;
        changed->stage = Stage::Attached;
        EFT_CHECK(transaction.commit_with_reply());
        platform_.wake_self(wake_bit(place));  // entries may be there already
        const Geometry geometry = backend_.geometry();
        Attached answer;
        answer.sectors = geometry.sectors;
        answer.writable = geometry.writable;
        answer.max_count = geometry.max_count;
        answer.wake = ipc::CapField<ipc::kind::Notification>(platform_.at(slot_of(place, OwnWake)));
        return answer;
    }

    // Calls of the ring.
    void read(ring::Pending<Done> pending, Client& client, const Read& request) {
        accept(client, pending, {OperationKind::Read, client.place, request.data.offset(), request.count, request.sector, request.data.bytes()});
    }
    void write(ring::Pending<Done> pending, Client& client, const Write& request) {
        if (!backend_.geometry().writable) return pending.complete(Error::ReadOnly);
        accept(client, pending, {OperationKind::Write, client.place, request.data.offset(), request.count, request.sector, request.data.bytes()});
    }
    void flush(ring::Pending<eft::Empty> pending, Client& client, const eft::Empty&) {
        operations_.add({OperationKind::Flush, client.place, 0, 0, 0, {}}, ring::Pending<Done>(client.consumer, pending.ticket()));
    }

    // After any wake-up: ends what the device has ended, takes what clients have submitted, begins what it can, and tells
    // each client once.
    void serve_rings() {
        for (u32 round = 0; round < kRounds; ++round) {
            take_ended();
            for (Client& client : clients_) poll(client);
            begin_waiting();
            backend_.kick();
            if (sleep()) return;
        }
        platform_.wake_self(wake_bit(0));  // others are heard in between
    }

    template <class Names>
    void close_ended(Names& broker) {
        sessions_.close_ended(broker, [this](u32 place) {
            clients_[place].ended = true;
            close(place);
        });
    }

private:
    static constexpr u32 kRounds = 16;
    enum SlotUse : u32 { Ring, Area, ClientWake, OwnWake, SlotsOfPlace };
    static constexpr u32 slot_of(u32 place, SlotUse use) { return place * SlotsOfPlace + use; }

    // Intents: a death before the commit leaves them for restore() to empty.
    Status keep(u32 place, Attach& request) {
        EFT_CHECK(keep_field(slot_of(place, Ring), request.ring));
        EFT_CHECK(keep_field(slot_of(place, Area), request.area));
        EFT_CHECK(keep_field(slot_of(place, ClientWake), request.wake));
        return platform_.make_wake(slot_of(place, OwnWake), wake_bit(place));
    }
    template <class Field>
    Status keep_field(u32 index, Field& field) {
        EFT_CHECK(platform_.keep(index, field.slot()));
        field.release();
        return {};
    }
    void empty_slots(u32 place) {
        for (u32 use = 0; use < SlotsOfPlace; ++use) platform_.remove(slot_of(place, static_cast<SlotUse>(use)));
    }

    // Maps what lies in the slots. BadFormat: there is no ring in it.
    Status open(u32 place, u64 area_bytes) {
        Client& client = clients_[place];
        auto ring = platform_.map(platform_.at(slot_of(place, Ring)), kRingBytes);
        if (!ring.ok()) return ring.error() == Error::OutOfRange ? Error::BadFormat : ring.error();
        EFT_TRY(auto area, platform_.map(platform_.at(slot_of(place, Area)), area_bytes));
        auto consumer = Block::RingConsumer::open(ring->bytes(), area.bytes(), Block::kInflight, Block::RingConsumer::kAttempts, platform_.last_end_ordered());
        if (!consumer.ok()) return Error::BadFormat;
        EFT_CHECK(backend_.open_area(place, platform_.at(slot_of(place, Area)), area_bytes));
        client.place = place;
        client.ring = std::move(*ring);
        client.area = std::move(area);
        client.consumer = *consumer;
        client.closing = client.ended = false;
        client.open = true;
        return {};
    }

    void accept(Client& client, ring::Pending<Done> pending, const Operation& operation) {
        const Geometry geometry = backend_.geometry();
        const bool size_good = operation.count != 0 && operation.count <= geometry.max_count && operation.data.size() == operation.count * kSectorBytes;
        if (!size_good || operation.sector > geometry.sectors || operation.count > geometry.sectors - operation.sector)
            return pending.complete(Error::OutOfRange);
        operations_.add(operation, ring::Pending<Done>(client.consumer, pending.ticket()));
    }

    void poll(Client& client) {
        if (!client.open || client.closing) return;
        if (Block::poll_ring(*this, client, client.consumer).ok()) return;
        platform_.report("a client broke the rules of its ring: its session is closed");
        static_cast<void>(mark_broken(client.place));
        close(client.place);
    }

    void begin_waiting() {
        while (operations_.any_waiting()) {
            const u32 number = operations_.first_waiting();
            auto& record = operations_[number];
            Client& client = clients_[record.operation.area];
            if (client.closing) {
                operations_.drop_first();
                finish_closing(client);
                continue;
            }
            const Result<Progress> begun = backend_.begin(number, record.operation);
            if (begun.ok() && *begun == Progress::Begun) {
                operations_.begun(number);
                continue;
            }
            if (begun.error() == Error::Busy) return;
            answer(record, begun.error());
            operations_.drop_first();
        }
    }

    void take_ended() {
        for (;;) {
            const auto next = backend_.next_ended();
            if (!next.ok()) {
                platform_.report("the device was reset; what it had is begun again");
                operations_.begin_again();
                continue;
            }
            if (!next->has_value()) return;
            auto* record = operations_.find_begun((*next)->number);
            if (!record) continue;
            Client& client = clients_[record->operation.area];
            answer(*record, (*next)->error);
            operations_.ended((*next)->number);
            if (client.closing) finish_closing(client);
        }
    }

    template <class Record>
    static void answer(const Record& record, Error error) {
        if (error != Error::None) return record.pending.complete(error);
        Done done;
        done.count = record.operation.count;
        record.pending.complete(done);
    }

    // True if there is nothing to do until the next wake-up.
    bool sleep() {
        bool quiet = true;
        for (Client& client : clients_) {
            if (!client.open || client.closing) continue;
            if (client.consumer.take_signal()) platform_.signal(slot_of(client.place, ClientWake));
            quiet &= client.consumer.prepare_to_sleep();
        }
        return quiet;
    }

    Status mark_broken(u32 place) {
        return sessions_.change_now(place, [](Session& session) { session.stage = Stage::Broken; });
    }

    void close(u32 place) {
        Client& client = clients_[place];
        client.place = place;
        client.closing = true;
        finish_closing(client);
    }

    // As long as something is in progress its pages may be written to.
    void finish_closing(Client& client) {
        if (operations_.in_progress(client.place) != 0) return;
        if (client.open) {
            backend_.close_area(client.place);
            client.ring = {};
            client.area = {};
            client.open = false;
        }
        empty_slots(client.place);
        client.closing = false;
        if (std::exchange(client.ended, false)) static_cast<void>(sessions_.close_now(client.place));
    }

    Region& region_;
    P& platform_;
    Backend& backend_;
    Clients sessions_;
    std::array<Client, kSessions> clients_{};
    Operations<kSessions * Block::kInflight> operations_;
};

}  // namespace eft::block
