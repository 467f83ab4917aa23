#include <eft/http/message.h>
#include <eft/http/url.h>

#include <algorithm>

namespace eft::http {
namespace {

std::string_view field(const http_parser_url& url, http_parser_url_fields which, std::string_view text) {
    if ((url.field_set & 1u << which) == 0) return {};
    return text.substr(url.field_data[which].off, url.field_data[which].len);
}

bool is_plain(char character) { return character > ' ' && character < 0x7f; }

bool equal_without_case(std::string_view one, std::string_view other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](char a, char b) { return lower(a) == lower(b); });
}

// "scheme:" at the beginning (RFC 3986, 3.1): it is no path.
bool has_scheme(std::string_view text) {
    const std::size_t end = text.find_first_of(":/?#");
    return end != text.npos && end != 0 && text[end] == ':';
}

// RFC 3986, 5.2.4, of a path that begins with a slash.
std::string without_dots(std::string_view path) {
    std::string result;
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::string_view segment = path.substr(0, path.find('/'));
        path.remove_prefix(segment.size());
        const bool is_last = path.empty();
        if (segment == "..") result.resize(result.empty() ? 0 : result.rfind('/'));
        else if (segment != ".") result.append("/").append(segment);
        if (is_last && (segment == ".." || segment == ".")) result.append("/");
    }
    return result;
}

}  // namespace

std::string Url::authority() const {
    std::string text = host.find(':') == host.npos ? host : "[" + host + "]";
    if (port != kPort) text.append(":").append(std::to_string(port));
    return text;
}

Result<Url> parse_url(std::string_view text) {
    if (text.size() > Url::kMost || !std::all_of(text.begin(), text.end(), is_plain)) return Error::InvalidArgument;
    http_parser_url parts;
    http_parser_url_init(&parts);
    if (http_parser_parse_url(text.data(), text.size(), 0, &parts) != 0) return Error::InvalidArgument;
    Url url;
    url.host = field(parts, UF_HOST, text);
    if (url.host.empty()) return Error::InvalidArgument;
    if (!equal_without_case(field(parts, UF_SCHEMA, text), "http")) return Error::NotSupported;
    if (!field(parts, UF_USERINFO, text).empty()) return Error::NotSupported;
    if ((parts.field_set & 1u << UF_PORT) != 0) url.port = parts.port;
    if (url.port == 0) return Error::InvalidArgument;
    const std::string_view path = field(parts, UF_PATH, text);
    url.target = path.empty() ? "/" : path;
    if (const std::string_view query = field(parts, UF_QUERY, text); !query.empty()) url.target.append("?").append(query);
    return url;
}

Result<Url> follow(const Url& base, std::string_view reference) {
    reference = reference.substr(0, reference.find('#'));
    if (has_scheme(reference)) return parse_url(reference);
    if (reference.starts_with("//")) return parse_url("http:" + std::string(reference));
    const std::string_view base_path = std::string_view(base.target).substr(0, base.target.find('?'));
    const std::string_view path = reference.substr(0, reference.find('?'));
    std::string target;
    if (reference.empty()) target = base.target;
    else if (path.empty()) target = base_path;
    else if (path.starts_with('/')) target = without_dots(path);
    else target = without_dots(std::string(base_path.substr(0, base_path.rfind('/') + 1)).append(path));
    if (!reference.empty()) target.append(reference.substr(path.size()));
    return parse_url("http://" + base.authority() + target);
}

}  // namespace eft::http
