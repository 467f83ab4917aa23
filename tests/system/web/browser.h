// Chromium without a screen, driven by chromedriver over its HTTP interface (W3C WebDriver): as far as a test of one page
// needs it.
#pragma once

#include "http_connection.h"

#include <child.h>
#include <temporary.h>

#include <nlohmann/json.hpp>

#include <string>

namespace eft::qemu {

class Browser {
public:
    Browser();
    ~Browser();
    Browser(const Browser&) = delete;
    Browser& operator=(const Browser&) = delete;

    void open(const std::string& url);
    // Runs the body of a function in the page and answers what it returns.
    nlohmann::json run(const std::string& script);
    // Presses the mouse on the element that the CSS selector finds.
    void click(const std::string& selector);
    // The screen of a telephone, or of another size, in CSS pixels.
    void resize(unsigned width, unsigned height);
    // A PNG of the top of the page, in a window of this size.
    std::string picture(unsigned width, unsigned height);
    // What the page, and the browser about it, have complained of since the last time.
    std::string complaints();

private:
    void set_screen(unsigned width, unsigned height, unsigned scale, bool is_telephone);
    nlohmann::json call(const std::string& method, const std::string& path, const nlohmann::json& body = nlohmann::json::object());

    TemporaryFolder profile_;
    std::uint16_t port_;
    Child driver_;
    std::string session_;
};

}  // namespace eft::qemu
