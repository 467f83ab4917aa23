// The service Garden: looks at all of a nested message, as a server does that trusts what has been checked.
#include <eft/idl/garden.h>
#include <eft/server.h>

using namespace eft;
using namespace eft::garden;

namespace {

class Walk {
public:
    void bed(const BedView& bed) {
        ++sum_.tables;
        if (const auto depth = bed.depth()) add(*depth);
        add(bed.wet());
        spot(bed.spot());
        text(bed.name());
        for (u64 number : bed.numbers()) add(number);
        for (u8 byte : bed.bytes()) add(byte);
        for (const Spot& each : bed.spots()) spot(each);
        for (std::string_view word : bed.words()) text(word);
        if (const auto each = bed.seed()) seed(*each);
        add(bed.border().weight());
        for (SeedView each : bed.seeds()) seed(each);
        if (const auto found = bed.find_as_seed()) seed(*found);
        if (const auto found = bed.find_as_stone()) add(found->weight());
        if (const auto found = bed.find_as_bed()) this->bed(*found);
        for (BedView each : bed.beds()) this->bed(each);
    }
    const Sum& sum() const { return sum_; }

private:
    void seed(const SeedView& seed) {
        ++sum_.tables;
        add(seed.id());
        text(seed.name());
        add(static_cast<u8>(seed.color()));
    }
    void spot(const Spot& spot) { add(spot.at + spot.on + static_cast<u8>(spot.color)); }
    void text(std::string_view text) {
        sum_.bytes += static_cast<u32>(text.size());
        for (char each : text) add(static_cast<u8>(each));
    }
    void add(u64 value) { seen_ = seen_ ^ value; }

    Sum sum_;
    volatile u64 seen_ = 0;  // nothing is read in vain
};

struct Server {
    Result<Sum> walk(ipc::Context&, const BedView& bed) {
        Walk walk;
        walk.bed(bed);
        return walk.sum();
    }
    Result<Bed> copy(ipc::Context&, const BedView& bed) {
        border_.weight = bed.border().weight();
        if (const auto seed = bed.seed()) seed_ = {.id = seed->id(), .name = seed->name(), .color = seed->color()};
        return Bed{.depth = bed.depth(),
                   .wet = bed.wet(),
                   .spot = bed.spot(),
                   .name = bed.name(),
                   .numbers = bed.numbers(),
                   .bytes = bed.bytes(),
                   .spots = bed.spots(),
                   .seed = bed.seed() ? &seed_ : nullptr,
                   .border = &border_};
    }

private:
    Stone border_;
    Seed seed_;
};
static_assert(GardenServer<Server>);

}  // namespace

int eft_main() {
    Server server;
    ServerLoop loop;
    loop.run([&](ipc::Context& context, ipc::IncomingMessage& message) { return Garden::dispatch(server, context, message); });
}
