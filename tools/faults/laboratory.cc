#include "laboratory.h"

#include <algorithm>
#include <charconv>

namespace eft::faults {
namespace {

constexpr unsigned kMeasurements = 2;
// libos/include/eft/layout.h
constexpr Address kStackBytes = 64 * 1024, kPersistentBegin = 0x1800'0000,
                  kPersistentEnd = 0x1900'0000;

std::string path_of(const std::string& target) {
    return target == "kernel" ? EFT_KERNEL_IMAGE : EFT_TARGET_TREE "/symbols/" + target;
}

// Without what lies before the first byte that is used.
std::vector<Area> used_part(std::vector<Area> pages) {
    std::vector<Area> used;
    for (Area& page : pages) {
        std::size_t first = used.empty() ? page.bytes.find_first_not_of('\0') : 0;
        if (first == std::string::npos) continue;
        used.push_back({page.begin + first, page.bytes.substr(first)});
    }
    return used;
}

std::vector<Area> used_pages(std::vector<Area> pages) {
    std::erase_if(pages, [](const Area& page) { return page.bytes.find_first_not_of('\0') == std::string::npos; });
    return pages;
}

// SplitMix64's mixing (Steele, Lea and Flood, OOPSLA 2014).
std::uint64_t mixed(std::uint64_t value) {
    value += 0x9e37'79b9'7f4a'7c15;
    value = (value ^ value >> 30) * 0xbf58'476d'1ce4'e5b9;
    value = (value ^ value >> 27) * 0x94d0'49bb'1331'11eb;
    return value ^ value >> 31;
}

Snapshot snapshot_in(const std::string& workload, const std::string& output) {
    const Workload read(workload.find('/') == std::string::npos
                            ? EFT_SOURCE_DIR "/tests/faults/workloads/" + workload + ".json"
                            : workload);
    const std::string folder = output + "/snapshot-" + read.name();
    if (auto found = Snapshot::find(read, folder)) return std::move(*found);
    return Snapshot::make(read, folder);
}

template <class T>
bool number_in(const std::string& text, T& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::vector<std::string> all_targets() {
    return {"virtio_blk", "virtio_net", "uart", "hpet", "ext2",  "net", "log",  "echo",
            "counter",    "mem",        "proc", "dev",  "names", "rs",  "root", "kernel"};
}

std::vector<std::string> core_pairs() {
    constexpr const char* kCore[] = {"mem", "proc", "dev", "names", "rs"};
    std::vector<std::string> pairs;
    for (const std::string first : kCore)
        for (const char* second : kCore) pairs.push_back(first + "+" + second);
    return pairs;
}

bool is_target(const std::string& target) {
    const std::vector<std::string> all = all_targets();
    const Fault fault{target, nullptr, 0, 0};
    const auto is_one = [&all](const std::string& name) { return std::find(all.begin(), all.end(), name) != all.end(); };
    return is_one(fault.first()) && (target == fault.first() || is_one(fault.second()));
}

std::string Fault::name() const {
    return target + "-" + type->name() + "-" + std::to_string(seed) + "-" + std::to_string(index);
}

std::optional<Fault> Fault::parse(const std::string& name) {
    std::vector<std::string> parts(1);
    for (const char c : name) {
        if (c == '-')
            parts.emplace_back();
        else
            parts.back() += c;
    }
    if (parts.size() != 4) return std::nullopt;
    Fault fault{parts[0], fault_type(parts[1]), 0, 0};
    if (!fault.type || !number_in(parts[2], fault.seed) || !number_in(parts[3], fault.index)) return std::nullopt;
    return fault;
}

std::uint64_t Fault::number() const {
    std::uint64_t value = mixed(seed);
    for (const char c : target + "-" + type->name()) value = mixed(value ^ static_cast<unsigned char>(c));
    return mixed(value ^ index);
}

Laboratory::Laboratory(const std::string& workload, const std::string& output)
    : kernel_(path_of("kernel")), snapshot_(snapshot_in(workload, output)) {
    try {
        measure();
    } catch (...) {
        snapshot_.forget();  // it may have been an unlucky moment
        throw;
    }
}

// Throws when the workload does not come to the end that it should have.
void Laboratory::measure() {
    Bench bench(snapshot_, kernel_, std::to_string(getpid()) + "-measure");
    expected_.lines = snapshot_.expected_lines();
    expected_.seconds = 10;
    double longest = 0;
    const bool noted = read_notes();
    for (unsigned i = 0; i < kMeasurements; ++i) {
        const Run run = bench.run({0,
                                   [this](GuestMemory& memory) {
                                       note_code(memory);
                                       return Injection::Applied{};
                                   }},
                                  expected_);
        std::string output = run.seen.output.value_or("");
        if (i == 0) expected_.services = take_services(output);
        const Verdict verdict = judge(run.seen, expected_);
        if (is_failure(verdict.outcome) || expected_.services.empty()) {
            throw std::runtime_error("without a fault the workload fails: " + std::string(name_of(verdict.outcome)) +
                                     ", " + verdict.what + "\n" + run.details + run.seen.console);
        }
        longest = std::max(longest, run.seen.seconds);
        if (noted) continue;
        instructions_ = run.instructions;
        for (std::uint64_t at = 0; at < kMemoryBytes; ++at)
            if (bench.control().was_translated(at)) translated_.insert(at);
    }
    expected_.seconds = longest;
    if (!noted) write_notes();
}

// What faults are chosen from is measured once, because no two runs are quite the same: the same seed gives the same
// faults.
bool Laboratory::read_notes() {
    std::ifstream file(snapshot_.notes());
    if (!(file >> instructions_)) return false;
    for (std::uint64_t at; file >> at;) translated_.insert(at);
    return true;
}

void Laboratory::write_notes() const {
    std::ofstream file(snapshot_.notes());
    file << instructions_ << '\n';
    for (const std::uint64_t at : translated_) file << at << '\n';
    if (!file.flush()) throw std::runtime_error("cannot write " + snapshot_.notes());
}

void Laboratory::note_code(GuestMemory& memory) {
    for (const std::string& target : all_targets()) {
        auto& program = programs_[target];
        if (!program) program = std::make_unique<Program>(path_of(target));
        const auto root = memory.space_of(*program);
        const Segment& text = program->text();
        for (Address page = text.begin; root && page < text.begin + text.size; page += kPage)
            if (const auto place = memory.physical(*root, page))
                code_[target][page & ~(kPage - 1)] = *place & ~(kPage - 1);
    }
}

bool Laboratory::runs(const std::string& target, Address address) const {
    const auto pages = code_.find(target);
    if (pages == code_.end()) return false;
    const auto page = pages->second.find(address & ~(kPage - 1));
    if (page == pages->second.end()) return false;
    return translated_.contains(page->second + address % kPage);
}

Injection Laboratory::injection_of(const Fault& fault) {
    const std::lock_guard lock(choosing_);
    const std::string name = fault.first();
    auto& target = targets_[name];
    const auto program = programs_.find(name);
    if (program == programs_.end() || !code_.contains(name))
        throw std::runtime_error("no process runs the program " + name);
    if (!target)
        target = std::make_unique<Target>(*program->second,
                                          [this, name](Address address) { return runs(name, address); });
    // In the first half, so that there is work left to do.
    return {1 + mixed(fault.number()) % (instructions_ / 2),
            [this, fault](GuestMemory& memory) { return choose(fault, memory); }, second_of(fault)};
}

// Small numbers as often as large ones: what a server does in a recovery takes it a few instructions or a few thousand.
std::optional<Injection::Second> Laboratory::second_of(const Fault& fault) const {
    constexpr unsigned kMostBits = 13;
    if (fault.second().empty()) return std::nullopt;
    const std::uint64_t bits = mixed(fault.number() ^ 1) % kMostBits, among = std::uint64_t{1} << bits;
    return Injection::Second{programs_.at(fault.second()).get(), among + mixed(fault.number() ^ 2) % among};
}

Injection Laboratory::injection_of(const Fault& fault, std::uint64_t at, const std::vector<Change>& changes) const {
    return {at,
            [this, target = fault.first(), changes](GuestMemory& memory) {
                const auto root = memory.space_of(*programs_.at(target));
                return root ? Injection::Applied{*root, changes} : Injection::Applied{};
            },
            second_of(fault)};
}

Injection::Applied Laboratory::choose(const Fault& fault, GuestMemory& memory) {
    const std::lock_guard lock(choosing_);
    Target& target = *targets_.at(fault.first());
    const auto root = memory.space_of(target.program());
    if (!root) return {};
    target.data.clear();
    for (const Segment& segment : target.program().segments()) {
        if (!segment.writable || fault.first() == "kernel") continue;
        for (Area& area : memory.pages(*root, segment.begin, segment.begin + segment.size))
            target.data.push_back(std::move(area));
    }
    target.stack = used_part(memory.pages(*root, kStackTop - kStackBytes, kStackTop));
    target.state = used_pages(memory.pages(*root, kPersistentBegin, kPersistentEnd));
    Random random(fault.number());
    return {*root, fault.type->choose(target, random)};
}

}  // namespace eft::faults
