#include "host.h"

#include <net/frame.h>
#include <net/loopback.h>
#include <net/neighbours.h>

#include "hooks.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/ip.h"
#include "lwip/timeouts.h"
#include "lwip/tcp.h"
#include "netif/ethernet.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unordered_map>

namespace eft::test {
namespace {

struct Block {
    std::size_t bytes;
    const Host* owner;
};
std::unordered_map<void*, Block> blocks;
u64 bytes_in_use = 0;
const Host* entered = nullptr;
Random numbers;

void* note(void* block, std::size_t size) {
    if (block) blocks[block] = {size, entered}, bytes_in_use += size;
    return block;
}
void forget(decltype(blocks)::iterator block) {
    bytes_in_use -= block->second.bytes;
    std::free(block->first);
    blocks.erase(block);
}
void forget_all(const Host* owner) {
    for (auto each = blocks.begin(); each != blocks.end();) {
        const auto next = std::next(each);
        if (each->second.owner == owner) forget(each);
        each = next;
    }
}
bool fails() { return LwipMemory::fails_one_in != 0 && numbers() % LwipMemory::fails_one_in == 0; }

}  // namespace

u64 LwipMemory::bytes() { return bytes_in_use; }

Path Host::path(bool ipv6) {
    if (ipv6) return {true, kPeer6, kAddress6};
    Path path;
    std::copy_n(kPeer.begin(), 4, path.from.begin()), std::copy_n(kAddress.begin(), 4, path.to.begin());
    return path;
}

Host::Host(unsigned seed, u32 interfaces, Name name) : name_(name), interface_count_(interfaces) {
    const std::size_t bytes = client.bytes(0);
    area_.reset(static_cast<std::byte*>(::operator new[](bytes, std::align_val_t{64})));
    std::memset(area_.get(), 0, bytes);
    client.place({area_.get(), bytes}, 0);
    if (name == Name::First) numbers.seed(seed);
    start();
}

Host::~Host() {
    sockets_.reset();
    forget_all(this);
}

void Host::enter() {
    statics_.swap_in();
    entered = this;
}

void Host::start() {
    enter();
    put_back_lwip_statics();
    lwip_init();
    sockets_ = std::make_unique<net::Sockets>(static_cast<net::Keeper&>(*this));
    if (!sockets_->prepare_pings()) std::abort();
    for (u32 i = 0; i < interface_count_; ++i) add(interfaces_[i]);
    sockets_->recover();
}

void Host::reincarnate() {
    sockets_.reset();
    forget_all(this);
    laid_.clear();
    start();
}

// As card.cc does.
void Host::add(Interface& interface) {
    ip4_addr_t address{}, mask{};
    if (!interface.asks) {
        std::memcpy(&address, name_ == Name::First ? kAddress.data() : kPeer.data(), 4);
        IP4_ADDR(&mask, 255, 255, 255, 0);
    }
    interface.lwip = {};
    netif_add(&interface.lwip, &address, &mask, nullptr, &interface, set_up, ethernet_input);
    ip6_addr_t address6{};
    std::memcpy(address6.addr, name_ == Name::First ? kAddress6.data() : kPeer6.data(), 16);
    ip6_addr_assign_zone(&address6, IP6_UNICAST, &interface.lwip);
    if (interface.asks) {
        netif_create_ip6_linklocal_address(&interface.lwip, 1);
        netif_set_ip6_autoconfig_enabled(&interface.lwip, 1);
    } else {
        netif_ip6_addr_set(&interface.lwip, 0, &address6);
        netif_ip6_addr_set_state(&interface.lwip, 0, IP6_ADDR_PREFERRED);
    }
    netif_set_up(&interface.lwip);
    netif_set_link_up(&interface.lwip);
    if (!netif_default) netif_set_default(&interface.lwip);
    if (interface.asks) dhcp_start(&interface.lwip);
}

err_t Host::set_up(netif* interface) {
    const Interface& of = *static_cast<Interface*>(interface->state);
    interface->name[0] = 't', interface->name[1] = of.asks ? '1' : '0';
    interface->mtu = 1500;
    interface->hwaddr_len = ETH_HWADDR_LEN;
    std::memcpy(interface->hwaddr, of.host->name_ == Name::First ? kOwnCard.data() : kPeerCard.data(), ETH_HWADDR_LEN);
    interface->hwaddr[5] = static_cast<u8>(interface->hwaddr[5] + of.asks);
    interface->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    interface->output = etharp_output;
    interface->output_ip6 = net::output_to_neighbour;
    interface->linkoutput = lay_out;
    return ERR_OK;
}

err_t Host::lay_out(netif* interface, pbuf* frame) {
    Frame& laid = static_cast<Interface*>(interface->state)->host->laid_.emplace_back(frame->tot_len);
    pbuf_copy_partial(frame, laid.data(), frame->tot_len, 0);
    return ERR_OK;
}

// As Server::progress(), step (1). A frame that is not for the first interface's card is the second one's.
void Host::take_in(const std::vector<Frame>& frames, u32 milliseconds) {
    enter();
    const u32 looped = net::looped_frames();
    sockets_->act();
    for (const Frame& each : frames) {
        Interface& to = interfaces_[interface_count_ > 1 && each.size() > 5 && each[5] == kOwnCard[5] + 1];
        net::take_frame(to.lwip, std::as_bytes(std::span(each)));
    }
    net::take_looped(looped);
    LwipMemory::clock_ms += milliseconds;
    sys_check_timeouts();
    sockets_->take_bells(0);
    sockets_->act();
}

std::vector<Frame> Host::turn(const std::vector<Frame>& frames, u32 milliseconds) {
    take_in(frames, milliseconds);
    sockets_->settle();
    return std::exchange(laid_, {});
}

void Host::die_in_turn(const std::vector<Frame>& frames) {
    take_in(frames, 0);
    reincarnate();
}

net::SocketRecord& Host::edit(u32 number) {
    net::Live* const live = sockets_->find(0, number);
    if (!live) std::abort();
    return state_->records[live->index()];
}
void Host::touch(u32 number) { sockets_->touch(sockets_->find(0, number)->index()); }

void Host::open(u32 number, socket::Kind kind) {
    const socket::Opening opening = client.opening(number, kind);
    const auto free = sockets_->find_free();
    if (!free.ok()) std::abort();
    net::SocketRecord& record = state_->records[*free];
    record = {};
    record.stage = net::Stage::Open;
    record.kind = kind;
    record.number = static_cast<u16>(number);
    record.receive_at = opening.receive_at, record.receive_bytes = opening.receive_bytes;
    record.send_at = opening.send_at, record.send_bytes = opening.send_bytes;
    socket::Header& header = reinterpret_cast<socket::AreaHead*>(area_.get())->headers[number];
    header.received = header.acknowledged = 0;
    header.conditions = header.error = 0;
    client.opened(number);
    sockets_->touch(*free);
}
void Host::bind(u32 number, u16 port) {
    edit(number).ends.local_port = port;
    touch(number);
}
void Host::listen(u32 number, u16 port, u32 backlog) {
    bind(number, port);
    edit(number).stage = net::Stage::Listening;
    edit(number).backlog = static_cast<u16>(backlog);
}
void Host::connect(u32 number, bool ipv6, u16 port) {
    enter();
    const Path way = name_ == Name::First ? path(ipv6).reversed() : path(ipv6);
    const auto address = [&](const Octets& octets) {
        if (ipv6) return socket::address_of(octets);
        return socket::ipv4(octets[0], octets[1], octets[2], octets[3]);
    };
    net::SocketRecord& record = edit(number);
    record.ends = {address(way.from), address(way.to), *sockets_->free_port(socket::Kind::Stream), port};
    record.stage = net::Stage::Connecting;
    record.tcp = net::new_connection(record.ends, static_cast<u32>(numbers()));
    touch(number);
}
void Host::shut_sending(u32 number) {
    net::SocketRecord& record = edit(number);
    if (record.has(net::SocketRecord::kSendShut)) return;
    record.flags |= net::SocketRecord::kSendShut;
    record.send_last = sockets_->submitted(*sockets_->find(0, number));
    touch(number);
}
void Host::close(u32 number) {
    if (!client.usable(number).ok()) return;
    net::SocketRecord& record = edit(number);
    if (!record.has(net::SocketRecord::kSendShut)) record.send_last = sockets_->submitted(*sockets_->find(0, number));
    record.flags |= net::SocketRecord::kSendShut | net::SocketRecord::kClosing;
    touch(number);
    client.close(number);
}

// Its answer is seen in the socket's conditions: the ring has no such entry.
void Host::accept(u32 listener, u32 number) {
    static constexpr u32 kEntries = 8, kWords = 3;
    alignas(64) static std::byte memory[4096];
    static std::byte nothing[256];
    static ring::Consumer<kEntries> consumer = [] {
        if (!ring::Producer<kEntries>::create(memory, kWords, kWords, sizeof nothing).ok()) std::abort();
        return *ring::Consumer<kEntries>::open(memory, nothing, kEntries);
    }();
    sockets_->wait_for_peer(*sockets_->find(0, number), sockets_->find(0, listener)->index(), ring::Pending<socket::Endpoint>(consumer, 1));
}

void Host::ask_for_name(const char* name) {
    enter();
    ip_addr_t address;
    static_cast<void>(dns_gethostbyname(name, &address, [](const char*, const ip_addr_t*, void*) {}, nullptr));
}

bool Host::has(u32 number, socket::Condition condition) const {
    return reinterpret_cast<const socket::AreaHead*>(area_.get())->headers[number].conditions & static_cast<u32>(condition);
}
u32 Host::records_in_use() const { return net::kRecords - sockets_->count(net::Stage::Free) - sockets_->count(net::Stage::Ending); }

}  // namespace eft::test

using namespace eft;
using namespace eft::test;

// In place of servers/net/port.cc.
extern "C" {
u32_t sys_now(void) { return LwipMemory::clock_ms; }
uint32_t eft_net_random(void) { return static_cast<uint32_t>(numbers()); }
void eft_net_failed(const char* what) {
    std::fprintf(stderr, "lwIP: %s\n", what);
    std::abort();
}
void* eft_net_allocate(size_t size) { return fails() ? nullptr : note(std::malloc(size), size); }
void* eft_net_allocate_cleared(size_t count, size_t size) { return fails() ? nullptr : note(std::calloc(count, size), count * size); }
void eft_net_free(void* block) {
    if (const auto found = blocks.find(block); found != blocks.end()) forget(found);
}
uint32_t eft_net_first_sequence(const ip_addr_t*, uint16_t, const ip_addr_t*, uint16_t) { return static_cast<uint32_t>(numbers()); }
}
