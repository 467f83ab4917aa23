#include "histogram.h"

#include <child.h>
#include <temporary.h>

#include <cmath>
#include <map>

namespace eft::faults {
namespace {

constexpr int kPerDecade = 10;
constexpr const char* kSettings =
    "set terminal svg size 460,230 font 'sans-serif,11' background '#ffffff'\n"
    "set logscale x 10\n"
    "set xlabel 'ms from the death to the next start'\n"
    "set ylabel 'faults'\n"
    "set format x '%g'\n"
    "set yrange [0:*]\n"
    "set style fill solid 0.8\n"
    "set key off\n"
    "set grid y\n";

}  // namespace

std::string histogram_svg(const std::vector<double>& milliseconds) {
    std::map<int, unsigned long> counts;
    for (const double each : milliseconds) ++counts[static_cast<int>(std::floor(std::log10(each) * kPerDecade))];
    if (counts.empty()) return {};
    const auto edge = [](double bin) { return std::to_string(std::pow(10, bin / kPerDecade)); };
    const auto decade = [](int bin, double (*round)(double)) { return kPerDecade * round(static_cast<double>(bin) / kPerDecade); };
    std::string script = kSettings;
    script += "set xrange [" + edge(decade(counts.begin()->first, std::floor)) + ":" + edge(decade(counts.rbegin()->first + 1, std::ceil)) + "]\n$counts << END\n";
    for (const auto& [bin, count] : counts) script += edge(bin + 0.5) + " " + edge(bin) + " " + edge(bin + 1) + " " + std::to_string(count) + "\n";
    script += "END\nplot $counts using 1:(0):2:3:(0):4 with boxxyerror\n";
    const qemu::TemporaryFolder folder;
    return qemu::output_of("gnuplot " + qemu::quoted(folder.write("script", script)) + " 2>/dev/null");
}

}  // namespace eft::faults
