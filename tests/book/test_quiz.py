"""Questions before figures: the reader answers, and the figure appears in the same block, wherever the chapter is read."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from browser import swipe
from pages import keep, settle, visit
from test_pages_in_a_browser import violations
from trial import NAME, OPTIONS

from mirage_utils.errors import FieldError
from mirage_utils.page import explorers, plots, questions, quiz, sketches
from mirage_utils.page.numerals import percent

ASK = "What will the figure show?"
TWO = {"A slope": "Look again.", "A step": "Yes: <em>a step</em>."}
GPT3 = [1.25e8, 3.56e8, 7.6e8, 1.32e9, 2.65e9, 6.66e9, 1.285e10, 1.746e11]
SCORES = [0, 0.0005, 0.0005, 0, 0.0015, 0.0015, 0.004, 0.257]


def picture():
    fig, ax = plots.panel("A step")
    ax.plot([1, 2], [0, 1])
    alt = "A line that goes up from nothing to one, in one step."
    return plots.show(
        fig, name="fig-x", alt=alt, caption="It goes up, all at once.", source="Made.", kind="formula"
    )  # fmt: skip


def sketched(**other):
    given = {"sizes": GPT3, "truth": SCORES, "x": "parameters", "y": "exact match"} | other
    labels = [quiz._size(size) for size in given["sizes"]]
    return sketches.Sketch("guess-curve", ASK, labels=labels, reveals=picture(), **given)


@pytest.fixture(autouse=True)
def nothing_answered(monkeypatch):
    monkeypatch.setattr(questions.Question, "answered", {})


# -- the library -------------------------------------------------------------------------------------


def test_what_is_wrong_with_a_question_is_named():
    for wrong, message in [
        ({"name": "x"}, "name = 'x'"),
        ({"question": "Why?"}, "at least four words"),
        ({"options": {"a": ""}}, "at least two and at most six"),
        ({"options": dict.fromkeys("abcdefg", "")}, "at least two and at most six"),
        ({"reveals": "fig-x"}, "reveals = 'fig-x': expected a finished figure"),
    ]:
        given = {"name": "guess-x", "question": ASK, "options": TWO, "reveals": picture()}
        with pytest.raises(FieldError, match=re.escape(message)):
            quiz.ask(**given | wrong)
    for wrong, message in [
        ({"sizes": [2, 1], "truth": [0, 1]}, "positive, increasing"),
        ({"sizes": [0, 1], "truth": [0, 1]}, "positive, increasing"),
        ({"sizes": [1], "truth": [0]}, "at least two"),
        ({"truth": [0, 1]}, "one share a label, 8"),
        ({"truth": [2.0] * 8}, "truth[0] = 2"),
        ({"lowest": 0.0}, "lowest = 0.0"),
        ({"lowest": 1.0}, "lowest = 1.0"),
        ({"labels": ["1"]}, "one share a label, 1"),
        ({"known": {1e9: 0.5}}, "some of the sizes"),
        ({"known": {1.25e8: 1.5}}, "known[0] = 1.5"),
    ]:
        given = {"reveals": picture(), "sizes": GPT3, "truth": SCORES, "x": "x", "y": "y"}
        with pytest.raises(FieldError, match=re.escape(message)):
            quiz.draw("guess-x", ASK, **given | wrong)


@pytest.mark.parametrize("figure", [picture, explorers.one_token], ids=["picture", "explorer"])
def test_in_a_kernel_an_answer_shows_feedback_and_figure_in_the_same_output(figure):
    shown = figure()
    question = questions.Choose("guess-x", ASK, TWO, reveals=shown)
    _, choice, said, place = question.widget().children
    assert (choice.value, said.value, place.children) == (None, "", ())
    choice.value = "A step"
    assert said.value == "<strong>A step.</strong> Yes: <em>a step</em>."
    (inside,) = place.children
    assert type(inside) is type(shown.widget())
    choice.value = "A slope"
    assert "Look again" in said.value
    # Run again, the cell asks no second time; and if its options have changed it does not stumble.
    _, choice, said, place = questions.Choose("guess-x", ASK, TWO, reveals=shown).widget().children
    assert choice.value == "A slope"
    assert "Look again" in said.value
    assert len(place.children) == 1
    other = questions.Choose("guess-x", ASK, {"b": "1", "c": "2"}, reveals=shown).widget()
    assert other.children[1].value is None


def test_in_a_kernel_nobody_has_to_guess():
    _, choice, said, place = (
        questions.Choose("guess-x", ASK, TWO, reveals=picture()).widget().children
    )
    choice.value = choice.options[-1]
    assert said.value == ""
    assert "fig-x" in place.children[0].value


def test_a_program_without_widgets_is_given_the_page():
    given = questions.Choose("guess-x", ASK, TWO, reveals=picture())._repr_mimebundle_()
    assert {"application/vnd.jupyter.widget-view+json", "text/html"} <= given.keys()
    assert given["text/html"].count('id="fig-x"') == 1
    assert "<style" not in given["text/html"]


def test_equal_ratios_of_sizes_are_equal_distances():
    def about(question):
        return json.loads(re.search(r'json">(.*)</script>', question.html())[1])

    at = np.array(about(sketched())["at"])
    steps = np.diff(at) / np.diff(np.log(GPT3))
    assert steps == pytest.approx(steps.mean(), rel=1e-3)
    plain = sketches.Sketch(
        "guess-x", ASK, labels="abcd", truth=[0, 0.1, 0.2, 1], x="x", y="y", reveals=picture()
    )
    assert np.diff(np.diff(about(plain)["at"])) == pytest.approx(0, abs=0.02)
    # And of shares, if the figure's axis says so.
    question = sketched(lowest=1e-4)
    heights = np.diff(question.step([1e-4, 1e-3, 1e-2, 0.1, 1]))
    assert heights == pytest.approx(25)
    assert question.share(question.step(SCORES[1:3])) == pytest.approx(SCORES[1:3])
    assert question.step(0) == 0
    assert about(question)["steps"][::25] == ["0.01%", "0.1%", "1%", "10%", "100%"]
    assert about(sketched())["steps"][::25] == ["0%", "25%", "50%", "75%", "100%"]


def test_sizes_and_shares_are_written_as_the_field_writes_them():
    assert sketched().labels == ["125M", "356M", "760M", "1.3B", "2.7B", "6.7B", "13B", "175B"]
    shares = [0, 1, 0.5, 0.07, 0.29, 0.00052, 1e-7, 0.0123, 0.0999, 0.995, 0.9996]
    assert [percent(share) for share in shares] == [
        "0%", "100%", "50%", "7%", "29%", "0.052%", "0.00001%", "1.2%", "10%", "99.5%", "99.96%",
    ]  # fmt: skip
    for share in np.geomspace(1e-9, 1, 500, endpoint=False):
        assert percent(share) not in ("0%", "100%")
        assert float(percent(share)[:-1]) == pytest.approx(100 * share, rel=0.06)
    assert "13B: 0.4%" in sketched().html()


def test_in_a_kernel_a_drawn_curve_is_compared_and_the_figure_follows():
    question = sketched(lowest=1e-4)
    *_, sliders, button, result, place = question.widget().children
    assert len(sliders.children) == 8
    assert place.children == ()
    for slider in sliders.children:
        slider.value = 25
    button.click()
    assert "most at 175B, where you drew 0.1% and the true value is 26%" in result.value
    assert "fig-x" in place.children[0].value
    *_, again, _, result, place = sketched(lowest=1e-4).widget().children
    assert [slider.value for slider in again.children] == [25] * 8
    assert "true value is 26%" in result.value
    assert len(place.children) == 1


def test_what_was_measured_stands_still_and_only_the_rest_is_compared():
    question = sketched(known=dict(zip(GPT3[:-1], SCORES[:-1], strict=True)), called="smooth")
    page = question.html()
    assert page.count('type="range"') == 1
    assert "Show the smooth curve" in page
    assert "true curve" not in page
    assert "13B: 0.4%" in re.search(r'class="mb-pad" role="img" aria-label="([^"]*)"', page)[1]
    about = json.loads(re.search(r'json">(.*)</script>', page)[1])
    assert about["free"] == [7]
    assert about["known"] == pytest.approx([*(100 * np.array(SCORES[:-1])), 50])
    *_, sliders, button, result, _ = question.widget().children
    (slider,) = sliders.children
    assert (slider.description, button.description) == ("175B", "Show the smooth curve")
    slider.value = 30
    button.click()
    said = "differ by 4 points on average, most at 175B, where you drew 30% and the smooth value is 26%"
    assert said in result.value


def test_how_far_a_curve_is_off_is_said_in_the_measure_of_its_axis():
    linear, log = sketched(), sketched(lowest=1e-4)
    assert "differ by 47 points on average" in linear.verdict(np.full(8, 50.0))
    assert "differ by a factor of" in log.verdict(np.full(8, 50.0))
    assert linear.gap(1) == "1 point"
    assert log.gap(50) == "a factor of 100"
    assert log.gap(0) == "a factor of 1.0"


# -- the reader's page -------------------------------------------------------------------------------


@pytest.fixture
def opened(trial_site, browser):
    """``opened("#fig-axes")``: the trial chapter; the test fails if anything went wrong in it."""
    pages = []

    def open_(anchor="", width=1400, theme="light", **options):
        page, trouble = visit(
            browser, f"file://{trial_site}", f"{NAME}.html{anchor}", width, theme, **options
        )
        pages.append((page, trouble))
        return page

    yield open_
    for page, trouble in pages:
        page.close()
        assert trouble == []


def parts(page, name="axes"):
    """The block of a question: its options, its figure, and what it says."""
    block = page.locator(f".mb-ask:has(#guess-{name})")
    return block.locator(".mb-option input"), block.locator("figure"), block.locator(".mb-said")


def test_an_answer_shows_feedback_and_figure_right_below(opened):
    page = opened()
    options, figure, said = parts(page)
    assert not figure.is_visible()
    assert said.inner_text() == ""
    options.nth(1).check()
    assert figure.is_visible()
    words = said.inner_text()
    assert words.startswith("It is a switch on some axes and a slope on others.")
    assert "The corner belongs to the axes." in words
    assert "The answers" not in words
    assert not any(answer in words for answer in list(OPTIONS.values())[::2])
    # Between the last option and the figure there is the feedback, and nothing else.
    last, top = (
        options.last.bounding_box(),
        figure.bounding_box()["y"],
    )
    assert top - last["y"] < 150
    assert page.locator("figure:visible").count() == 1
    options.nth(2).check()
    assert "anyone to see" in said.inner_text()
    assert "The corner belongs" not in said.inner_text()
    keep(page.locator(".mb-ask").first, "question-answered")


def test_by_keyboard_alone_and_the_focus_stays(opened):
    page = opened()
    options, figure, said = parts(page)
    options.first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert not figure.is_visible()  # whoever reads along has not chosen
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    assert options.nth(1).is_checked()
    assert figure.is_visible()
    assert page.evaluate("document.activeElement.id") == "guess-axes-1"
    page.keyboard.press("ArrowDown")  # from here on to compare
    assert "anyone to see" in said.inner_text()
    options, figure, _ = parts(page, "moves")
    options.first.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert options.last.is_checked()
    assert figure.is_visible()


def test_a_screen_reader_is_told(opened):
    page = opened()
    options, _, said = parts(page)
    group = page.get_by_role("group", name=re.compile("^Predict first Four-digit addition looks"))
    assert group.get_by_role("radio").count() == 4
    assert said.get_attribute("role") == "status"
    assert said.evaluate("box => box.checkVisibility()")  # what comes into it later is read out
    options.first.check()
    assert "The figure follows." in said.inner_text()


def test_nobody_has_to_guess(opened):
    page = opened()
    options, figure, said = parts(page)
    options.last.check()
    assert figure.is_visible()
    assert page.locator("#guess-axes .mb-answer:visible").count() == 0
    said.locator("summary").click()
    assert page.locator("#guess-axes .mb-answer:visible").count() == len(OPTIONS)


def test_a_link_to_the_figure_shows_it_and_it_stays(opened):
    page = opened("#fig-axes")
    _, figure, _ = parts(page)
    assert figure.is_visible()
    assert 0 <= figure.bounding_box()["y"] < 300
    page.evaluate("location.hash = 'exercises'")
    assert figure.is_visible()
    assert not parts(opened("#guess-axes"))[1].is_visible()
    page = opened()
    page.get_by_role("link", name="the figure", exact=True).click()
    page.wait_for_function(
        "Math.abs(document.getElementById('fig-axes').getBoundingClientRect().top) < 300"
    )
    assert parts(page)[1].is_visible()
    assert parts(opened("#fig-curve"), "curve")[1].is_visible()
    page = opened("#fig-one-token-explorer&alpha=0.3")  # as an explorer writes its link
    assert parts(page, "moves")[1].is_visible()


def test_one_switch_shows_everything_from_then_on(opened):
    page = opened()
    switches = page.get_by_label("Show all figures at once, here and in every chapter")
    assert switches.count() == 3
    switch = switches.nth(1)
    switch.scroll_into_view_if_needed()
    before = switch.bounding_box()["y"]
    switch.check()
    assert page.locator(".mb-ask figure:visible").count() == 3
    page.wait_for_timeout(200)
    assert switch.bounding_box()["y"] == pytest.approx(before, abs=2)
    assert all(box.is_checked() for box in switches.all())
    settle(page)
    page.reload()
    assert page.locator(".mb-ask figure:visible").count() == 3
    assert switches.first.is_checked()
    settle(page)
    page.goto(page.url.replace(NAME, "book/intro"))
    assert page.evaluate("document.documentElement.dataset.figures") == "all"
    page.go_back()
    switches.first.uncheck()
    assert page.locator(".mb-ask figure:visible").count() == 0
    settle(page)
    page.reload()
    assert page.locator(".mb-ask figure:visible").count() == 0


def test_what_is_shown_at_once_is_there_before_anything_is_painted(trial_site, browser):
    """The head of the page decides: none of the scripts that wait for the page has a say in it."""
    page = browser.new_page()
    page.route("**/*.js*", lambda route: route.abort())
    page.goto(f"file://{trial_site}/{NAME}.html")
    assert page.locator(".mb-ask figure:visible").count() == 0
    # Stored within the new document: what the old one stores may reach the next process late on a busy machine.
    page.add_init_script("localStorage.setItem('figures', 'all')")
    page.reload()
    assert page.locator(".mb-ask figure:visible").count() == 3
    page.close()


def test_a_curve_is_drawn_by_pointer_and_by_keyboard_and_the_figure_follows(opened):
    page = opened()
    form, (_, figure, _) = page.locator("#guess-curve"), parts(page, "curve")
    pad = form.locator(".mb-pad svg")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.7)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.97, box["y"] + box["height"] * 0.1, steps=12)
    page.mouse.up()
    values = [int(slider.input_value()) for slider in form.locator("input[type=range]").all()]
    assert values == sorted(values)
    assert values[-1] > values[0] + 40
    form.get_by_text("Draw with sliders instead").click()
    form.locator("input[type=range]").nth(7).focus()
    page.keyboard.press("Home")
    assert form.locator("output").nth(7).inner_text() == "0.01%"
    assert form.locator("input[type=range]").nth(7).get_attribute("aria-valuetext") == "0.01%"
    assert not figure.is_visible()
    form.get_by_role("button", name="Show the true curve").focus()
    page.keyboard.press("Enter")
    assert figure.is_visible()
    # The sentence is the library's own.
    steps = [int(slider.input_value()) for slider in form.locator("input[type=range]").all()]
    about = json.loads(form.locator("script").text_content())
    question = sketched(lowest=1e-4)
    assert about["says"] == question.says
    truth = [float(text.rstrip("%")) / 100 for text in about["true"]]
    assert form.locator(".mb-verdict").inner_text() == sketched(
        lowest=1e-4, truth=truth, sizes=GPT3
    ).verdict(np.array(steps, dtype=float))
    form.get_by_role("button", name="Draw again").click()
    page.wait_for_function("!document.querySelector('#fig-curve').checkVisibility()")
    assert form.locator(".mb-verdict").inner_text() == ""
    form.get_by_role("button", name="Show the true curve").click()  # nothing drawn, nothing judged
    assert form.locator(".mb-verdict").inner_text() == ""
    assert form.locator("path.mb-truth").get_attribute("d")


def test_a_finger_draws_without_scrolling_and_scrolls_without_drawing(opened):
    page = opened(width=390, has_touch=True, is_mobile=True)
    form = page.locator("#guess-curve")
    pad = form.locator(".mb-pad svg")
    pad.evaluate("pad => pad.scrollIntoView({block: 'center'})")

    def values():
        return [int(slider.input_value()) for slider in form.locator("input[type=range]").all()]

    def at(i):
        box = pad.locator("circle").nth(i).bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    before, scrolled = values(), page.evaluate("scrollY")
    x, y = at(3)
    swipe(page, x, y, 0, -60)
    after = values()
    assert [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [3]
    assert after[3] > before[3] + 20
    assert page.evaluate("scrollY") == scrolled
    x, y = at(1)
    swipe(page, x, y - 70, 0, -40)
    assert values() == after
    assert page.evaluate("scrollY") > scrolled


def test_without_scripts(opened):
    page = opened(java_script_enabled=False)
    options, figure, said = parts(page)
    assert not figure.is_visible()
    options.nth(1).focus()
    page.keyboard.press("Enter")  # sends nothing, and leaves nothing
    options.nth(1).check()
    assert page.url.endswith(".html")
    assert figure.is_visible()
    assert "The corner belongs to the axes." in said.inner_text()
    assert "on the usual axes" not in said.inner_text().lower()
    assert not page.locator(".mb-switch").first.is_visible()
    # A pad needs scripts; its figure does not wait for them.
    assert parts(page, "curve")[1].is_visible()
    assert not page.locator(".mb-pad").is_visible()
    assert page.locator("#guess-curve legend").is_visible()


@pytest.mark.parametrize("lacking", ["style sheets", ":has"])
def test_without_style_the_figure_shows_and_the_answers_are_folded(trial_site, browser, lacking):
    (sheet,) = (trial_site / "_static").glob("mirage-*.css")
    # A selector that no browser knows stands for one that this browser does not know.
    style = sheet.read_text().replace(":has(", ":unknown(") if lacking == ":has" else ""
    page = browser.new_page(java_script_enabled=False)
    page.route("**/*.css*", lambda route: route.fulfill(body=style, content_type="text/css"))
    page.goto(f"file://{trial_site}/{NAME}.html")
    assert page.locator(".mb-ask figure:visible").count() == 3
    answers = page.locator("#guess-axes .mb-answer:visible")
    assert answers.count() == 0
    page.locator("#guess-axes summary").click()
    assert answers.count() == len(OPTIONS)
    page.close()


def test_on_paper_figure_and_answers_are_there(opened):
    page = opened()
    page.emulate_media(media="print")
    assert page.locator(".mb-ask figure:visible").count() == 3
    assert page.locator("#guess-axes .mb-answer:visible").count() == len(OPTIONS)
    assert page.locator("#guess-axes legend").is_visible()
    for unprinted in (".mb-option input", ".mb-switch", ".mb-pad", ".mb-buttons"):
        assert page.locator(f".mb-ask {unprinted}:visible").count() == 0, unprinted
    assert not page.get_by_text("Show me without a guess").first.is_visible()


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_any_screen(opened, width, theme):
    page = opened(width=width, theme=theme)
    keep(page, f"questions-asked-{width}-{theme}")
    assert violations(page) == []
    page = opened(width=width, theme=theme)
    page.locator("#guess-axes input").first.check()
    page.locator("#guess-moves input").last.check()
    page.locator("#guess-curve .mb-reveal").click()
    page.wait_for_function("document.querySelector('figure.mb-explorer').dataset.live")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    for figure in page.locator(".mb-ask figure").all():
        assert figure.bounding_box()["x"] + figure.bounding_box()["width"] <= width
    keep(page, f"questions-answered-{width}-{theme}")
    assert violations(page) == []
