// The laboratory itself: a fault of each class, planted by hand where its outcome is known, is classified right.
#include <laboratory.h>
#include <temporary.h>

#include <doctest/doctest.h>

#include <set>

using namespace eft::faults;

namespace {

const std::string kUndefined("\x0f\x0b", 2), kLoop("\xeb\xfe", 2);  // UD2; a jump to itself

class Planted {
public:
    explicit Planted(const std::string& workload = "mix")
        : laboratory_(workload, folder_.path()), bench_(laboratory_.snapshot(), laboratory_.kernel(), "outcomes") {}

    // What comes of a change in the machine at its snapshot.
    template <class Plant>
    Outcome outcome(Plant plant) {
        Injection injection{0,
                            [&](GuestMemory& memory) {
                                Injection::Applied applied;
                                plant(memory, applied);
                                return applied;
                            },
                            second_};
        run_ = bench_.run(injection, laboratory_.expected());
        verdict_ = judge(run_.seen, laboratory_.expected());
        MESSAGE(std::string(name_of(verdict_.outcome)), ": ", verdict_.what);
        return verdict_.outcome;
    }
    // From now on `target` ends, too, so many of its instructions after the fault.
    void then_ends(const std::string& target, std::uint64_t after) {
        second_ = Injection::Second{&laboratory_.program(target), after};
    }
    // Of the last one.
    const Run& run() const { return run_; }
    const Verdict& verdict() const { return verdict_; }
    // Other bytes in the code of a target, at its first instruction for which `wanted` holds and that runs, or does
    // not.
    template <class Wanted>
    Outcome changed(const std::string& target, bool runs, Wanted wanted, const std::string& after) {
        const Program& program = laboratory_.program(target);
        const Target code(program, [&](Address address) {
            return laboratory_.runs(target, address) == runs && wanted(program.name_of(address));
        });
        REQUIRE(!code.instructions().empty());
        // Where one might not be run again, somewhere of many is: at the begins of functions.
        std::set<Address> places = {code.instructions().front().address};
        for (const Instruction& each : code.instructions())
            if (runs && program.function_at(each.address)->begin == each.address) places.insert(each.address);
        return outcome([&](GuestMemory& memory, Injection::Applied& applied) {
            const Segment& text = program.text();
            const auto root = memory.space_of(program);
            REQUIRE(root);
            applied.root = *root;
            for (const Address place : places) {
                const std::string before = text.bytes.substr(place - text.begin, std::max<std::size_t>(after.size(), 1));
                applied.changes.push_back({place, before, after.empty() ? before : after, "planted", place});
            }
        });
    }
    // A service that ends with whatever it does next, and so does each that is started after it.
    Outcome ended_for_good(const std::string& target) {
        return outcome([&](GuestMemory& memory, Injection::Applied& applied) {
            const Segment& text = laboratory_.program(target).text();
            const auto root = memory.space_of(laboratory_.program(target));
            REQUIRE(root);
            const auto copies = memory.copies_of(std::string_view(text.bytes).substr(0, kPage));
            CHECK(copies.size() > 1);
            for (const std::uint64_t copy : copies) memory.write_physical(copy, kUndefined);
            std::string nothing;
            while (nothing.size() < text.bytes.size()) nothing += kUndefined;
            nothing.resize(text.bytes.size());
            applied = {*root, {{text.begin, text.bytes, nothing, "planted", 0}}};
        });
    }

private:
    eft::qemu::TemporaryFolder folder_;
    Laboratory laboratory_;
    Bench bench_;
    std::optional<Injection::Second> second_;
    Run run_;
    Verdict verdict_;
};

// Its workload does not read the log.
struct PlantedBesideDisk : Planted {
    PlantedBesideDisk() : Planted("disk") {}
};

bool anywhere(const std::string&) { return true; }
bool in_rings(const std::string& name) { return name.find("ring::Consumer") != std::string::npos; }
bool in_invocations(const std::string& name) { return name.find("invoke") != std::string::npos; }

}  // namespace

TEST_CASE_FIXTURE(PlantedBesideDisk, "a service that is held is a degradation") {
    CHECK(ended_for_good("log") == Outcome::Degraded);
}

TEST_CASE_FIXTURE(PlantedBesideDisk, "a second program ends while the first comes back, be it the same") {
    for (const std::string second : {"virtio_blk", "ext2"}) {
        CAPTURE(second);
        then_ends(second, 100);
        CHECK(changed("ext2", true, in_rings, kUndefined) == Outcome::Recovered);
        CHECK(run().changes.size() <= kMostWatched);
        CHECK(run().second.find("+0x") != std::string::npos);
        CHECK(run().second_later > 100);
        CHECK(run().second_later < 2'000'000);
        CHECK(verdict().restarts == (second == "ext2" ? std::map<std::string, long>{{"ext2", 2}}
                                                      : std::map<std::string, long>{{"ext2", 1}, {"virtio_blk", 1}}));
    }
}

TEST_CASE_FIXTURE(Planted, "a planted fault of each class is classified right") {
    CHECK(changed("ext2", false, anywhere, kUndefined) == Outcome::NotActivated);
    CHECK(changed("ext2", true, anywhere, "") == Outcome::NoEffect);
    CHECK(changed("ext2", true, anywhere, kUndefined) == Outcome::Recovered);
    CHECK(ended_for_good("names") == Outcome::SystemStopped);
    CHECK(changed("kernel", true, in_invocations, kUndefined) == Outcome::KernelStopped);
    CHECK(changed("kernel", true, in_invocations, kLoop) == Outcome::Hang);
    // The first of the constants of SHA-256, in the prompt's process.
    const Program prompt(EFT_TARGET_TREE "/symbols/monitor");
    CHECK(outcome([&](GuestMemory& memory, Injection::Applied& applied) {
              const std::string constant("\x98\x2f\x8a\x42", 4);
              const auto root = memory.space_of(prompt);
              REQUIRE(root);
              applied.root = *root;
              for (const Segment& segment : prompt.segments()) {
                  for (std::size_t at = 0;
                       !segment.executable && (at = segment.bytes.find(constant, at)) != std::string::npos; ++at)
                      applied.changes.push_back({segment.begin + at, constant, "abcd", "planted", 0});
              }
              CHECK(!applied.changes.empty());
          }) == Outcome::WrongResult);
}
