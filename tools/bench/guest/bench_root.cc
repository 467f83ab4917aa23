// Sets the stage for the kernel's measurements: one program that measures (bench_measure.cc), and its peers
// in other address spaces (bench_peer.cc), each in one role.
#include <stage.h>

#include <eft/layout.h>

using namespace eft;
using namespace eft::test;

namespace {

root::Service measure, echo_peer, high_peer, caps_peer, waiter_peer, fault_peer, echo_service, nested_service;

struct Peer {
    root::Service& service;
    std::string_view name;
    u8 priority;
};

void set_arguments(root::Service& service, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) service.config().arguments[i] = text[i];
}

}  // namespace

void stage_main(Stage& stage) {
    // The first instruction of user mode was a few dozen ago.
    print_value("BENCH boot.first_user", sys::time_stamp() - stage.memory.info().entry_time);
    stage.open(25);
    constexpr Rights kAll = EndpointRight::Send | EndpointRight::Receive;
    constexpr u8 kMeasurePriority = 40;
    stage.create(measure, {"measure", "bench_measure", 21, 13, kMeasurePriority, 16, 0, kAll});
    const Peer peers[] = {{echo_peer, "peer", kMeasurePriority}, {high_peer, "high", kMeasurePriority + 1},
                          {caps_peer, "caps", kMeasurePriority}, {waiter_peer, "waiter", kMeasurePriority + 1}, {fault_peer, "fault", kMeasurePriority}};
    for (const Peer& peer : peers) {
        stage.create(peer.service, {peer.name, "bench_peer", 19, 10, peer.priority, 4, 0, kAll});
        set_arguments(peer.service, peer.name);
    }
    // `./eft bench --listing KEY` adds this file.
    if (const auto key = find_in_archive(stage.archive, "listing"); key.ok()) {
        set_arguments(measure, {reinterpret_cast<const char*>(key->data()), key->size()});
    }
    stage.create(echo_service, {"echo", "echo", 19, 9, kMeasurePriority, 4, 0, bits(EndpointRight::Receive)});
    stage.create(nested_service, {"nested", "bench_nested", 19, 9, kMeasurePriority, 4, 0, bits(EndpointRight::Receive)});

    stage.connect(measure, echo_peer, 1);
    stage.connect(measure, high_peer, 1);
    stage.connect(measure, caps_peer, 1);
    stage.connect(measure, echo_service, 1);
    stage.connect(measure, nested_service, 1);
    namespace ko = kernel_object;
    stage.require(measure.grant("wake", waiter_peer.notification(), bits(NotificationRight::Signal), 1), "grant");
    stage.require(measure.grant("ports", root::root_slot(RootSlot::Ports)), "grant");
    const Slot untyped = stage.memory.take_slots(1);
    stage.require(ko::retype(stage.memory.reserved(), ObjectType::Untyped, untyped, 1, 24), "untyped");
    const auto untyped_at = measure.hand_over(untyped, 1);
    stage.require(untyped_at.ok() ? Status() : Status(untyped_at.error()), "untyped");

    root::Service* all[] = {&echo_peer, &high_peer, &caps_peer, &waiter_peer, &fault_peer, &echo_service, &nested_service, &measure};
    for (root::Service* service : all) stage.require(service->build_next(), service->name());
    stage.require(measure.grant("space", measure.space()), "grant");
    stage.require(measure.grant("self", measure.thread()), "grant");
    stage.require(measure.grant("fault_thread", fault_peer.thread()), "grant");
    // The fault peer's exceptions go to the measuring program.
    const Slot handler = stage.memory.take_slots(1);
    stage.require(ko::derive(root::root_slot(RootSlot::Table), handler, measure.endpoint(), bits(EndpointRight::Send), 7), "handler");
    stage.require(ko::set_handlers(fault_peer.thread(), Slot::None, handler), "handler");
    NamedCap& named = measure.config().caps[measure.config().cap_count++];
    std::string_view("untyped").copy(named.name, sizeof named.name);
    named.slot = *untyped_at;
    for (root::Service* service : all) {
        if (service != &fault_peer) stage.require(service->resume(), service->name());
    }
    for (;;) {  // only exceptions arrive here: the measuring program ends the machine by itself
        sys::Registers registers;
        if (sys::recv(stage.endpoint, registers) != Error::None || !registers.tag.has(Tag::Fault)) continue;
        root::print("a program of the measurement raised an exception at ");
        root::print_hex(registers.w[1]);
        root::print("\n");
        stage.expect("measure", false, "exception");
        stage.finish();
    }
}
