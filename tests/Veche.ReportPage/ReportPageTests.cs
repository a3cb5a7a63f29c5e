using System.Globalization;
using System.Text.RegularExpressions;
using PuppeteerSharp;

namespace Veche.ReportPage;

/// <summary>Reports of real runs in a real browser.</summary>
public sealed partial class ReportPageTests(Browser browser) : IClassFixture<Browser>
{
    [Theory]
    [InlineData("1")]
    [InlineData("3")]
    [InlineData("5")]
    [InlineData("11", "--scenario", "membership")]
    [InlineData("35")]
    [InlineData("2", "--nodes", "1", "--faults", "none")]
    public async Task A_report_shows_everything_that_the_trace_has(string seed, params string[] more)
    {
        string file = Path.Combine(browser.Directory, $"{seed}.html");
        List<string> printed = await Veche.Run(Veche.Built, ["sim", "--seed", seed, "--trace", "--report", file, .. more]);
        List<string> trace = Veche.TraceOf(printed);
        int members = trace.Where(static line => line.EndsWith(" starts", StringComparison.Ordinal)).Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]).Distinct().Count();
        Match summary = Summary().Match(printed.Find(static line => Summary().IsMatch(line))!);

        await using OpenReport report = await browser.Open(file);
        await report.Screenshot($"seed-{seed}");

        Assert.Equal(trace.Count, await report.Number("#facts", "events"));
        Assert.Equal(members, await report.Count(".lane.member"));
        Assert.Equal(int.Parse(summary.Groups[2].Value, CultureInfo.InvariantCulture), await report.Count(".lane.client"));
        Assert.Equal("no violation", await report.Text("#verdict"));
        Assert.Equal(string.Join(' ', ["veche sim --seed", seed, .. more]), await report.Text("#command"));
        Assert.False(await report.Shows("#violation"));
        Assert.False(await report.Shows("#cut"));
        report.AssertQuiet();
    }

    [Fact]
    public async Task With_every_kind_shown_the_list_holds_every_event_of_the_trace_in_its_words()
    {
        string file = Path.Combine(browser.Directory, "words.html");
        List<string> trace = Veche.TraceOf(await Veche.Run(Veche.Built, "sim", "--seed", "3", "--trace", "--report", file));
        await using OpenReport report = await browser.Open(file);
        await ShowEveryKind(report);
        Assert.Equal(trace.Count, await report.Number("#count", "shown"));

        // What the list says of the first rows, and of the last, is what the trace says.
        foreach (string key in new[] { "Home", "End" })
        {
            await report.Page.FocusAsync("#list");
            await report.Press(key);
            string selected = await report.Text(".row[aria-selected=true] .what");
            string line = key == "Home" ? trace[0] : trace[^1];
            Assert.Contains(selected.Split(" · ")[0], line, StringComparison.Ordinal);
        }

        report.AssertQuiet();
    }

    [Fact]
    public async Task It_zooms_and_pans_by_button_key_and_mouse()
    {
        await using OpenReport report = await OpenSeed("3");
        await report.Click("#fit");
        (long from, long to) whole = await report.Range();

        await report.Click("#zoom-in");
        (long from, long to) half = await report.Range();
        Assert.InRange((half.to - half.from) / (double)(whole.to - whole.from), 0.49, 0.51);

        await report.Page.FocusAsync("#picture");
        await report.Press("+");
        (long from, long to) closer = await report.Range();
        Assert.True(closer.from > half.from && closer.to < half.to);

        await report.Press("ArrowRight");
        (long from, long to) right = await report.Range();
        Assert.True(right.from > closer.from);
        Assert.InRange((right.to - right.from) - (closer.to - closer.from), -2, 2);

        // The time under the pointer stays where it is.
        BoundingBox box = await (await report.Page.QuerySelectorAsync("#picture")).BoundingBoxAsync();
        decimal x = box.X + (box.Width / 4);
        double before = right.from + ((right.to - right.from) / 4.0);
        await report.Do(async () =>
        {
            await report.Page.Mouse.MoveAsync(x, box.Y + 100);
            await report.Page.Mouse.WheelAsync(0, -200);
        });
        (long from, long to) wheeled = await report.Range();
        Assert.True(wheeled.to - wheeled.from < right.to - right.from);
        Assert.InRange(wheeled.from + ((wheeled.to - wheeled.from) / 4.0), before - ((right.to - right.from) * 0.01), before + ((right.to - right.from) * 0.01));

        await report.Do(async () =>
        {
            await report.Page.Mouse.DownAsync();
            await report.Page.Mouse.MoveAsync(x + 200, box.Y + 100);
            await report.Page.Mouse.UpAsync();
        });
        (long from, long to) dragged = await report.Range();
        Assert.True(dragged.from < wheeled.from);

        await report.Press("f");
        Assert.Equal(whole, await report.Range());
        report.AssertQuiet();
    }

    [Fact]
    public async Task Kinds_lanes_and_words_filter_the_list()
    {
        await using OpenReport report = await OpenSeed("3");
        await ShowEveryKind(report);
        long all = await report.Number("#count", "shown");
        long votes = await report.Page.EvaluateFunctionAsync<long>("() => Number(document.querySelector('input[data-kind=vote]').parentElement.querySelector('small').textContent.replace(/,/g, ''))");
        await report.Do(() => report.Page.EvaluateFunctionAsync("() => document.querySelector('input[data-kind=vote]').click()"));
        Assert.True(votes > 0);
        Assert.Equal(all - votes, await report.Number("#count", "shown"));

        await report.Click(".lane[data-lane=m1]");
        Assert.InRange(await report.Number("#count", "shown"), 1, all - votes - 1);
        await report.Click(".lane[data-lane=m1]");
        Assert.Equal(all - votes, await report.Number("#count", "shown"));

        await report.Press("/");
        await report.Do(() => report.Page.Keyboard.TypeAsync("m3 killed"));
        string[] rows = await report.Rows();
        Assert.NotEmpty(rows);
        Assert.Equal(rows.Length, await report.Number("#count", "shown"));
        Assert.All(rows, static row => Assert.Contains("m3is killed", row, StringComparison.Ordinal));

        await report.Press("Enter");
        Assert.Contains("is killed", await report.Text("#detail"), StringComparison.Ordinal);
        await report.Press("Escape");
        Assert.Equal(all - votes, await report.Number("#count", "shown"));
        report.AssertQuiet();
    }

    [Fact]
    public async Task The_list_and_the_picture_select_the_same_things()
    {
        await using OpenReport report = await OpenSeed("3");
        await report.Click("#fit");
        await report.Page.FocusAsync("#picture");
        for (int i = 0; i < 12; i++)
        {
            await report.Press("+");
        }

        // From the list into the picture: what is far away comes into view.
        await report.Page.FocusAsync("#list");
        await report.Press("Home");
        await report.Press("ArrowDown");
        (long from, long to) range = await report.Range();
        Assert.InRange(0, range.from, range.to);
        Assert.Equal(1, await report.Count(".row[aria-selected=true]"));
        Assert.Contains("m1", await report.Text("#detail"), StringComparison.Ordinal);

        // From the picture into the list: the bar of a member's role.
        await report.Click("#fit");
        string last = $"m{await report.Count(".lane.member")}";
        BoundingBox lane = await (await report.Page.QuerySelectorAsync($".lane[data-lane={last}]")).BoundingBoxAsync();
        BoundingBox picture = await (await report.Page.QuerySelectorAsync("#picture")).BoundingBoxAsync();
        await report.Do(() => report.Page.Mouse.ClickAsync(picture.X + (picture.Width * 0.8m), lane.Y + 21));
        Assert.Equal(last, await report.Text(".row[aria-selected=true] .who"));
        string role = Regex.Match(await report.Text("#detail"), "(Leader|Follower|PreCandidate|Candidate) of term").Groups[1].Value;
        Assert.NotEmpty(role);
        Assert.Contains(role, await report.Text($".lane[data-lane={last}] .state"), StringComparison.OrdinalIgnoreCase);
        report.AssertQuiet();
    }

    [Fact]
    public async Task A_violation_is_at_the_top_and_a_key_leads_to_it()
    {
        string file = Path.Combine(browser.Directory, "violation.html");
        List<string> printed = await Veche.Run(Veche.Mutant, "sim", "--seeds", "1..100000", "--minutes", "3", "--until-violation", "--report", file);
        Match found = Found().Match(printed.Find(static line => Found().IsMatch(line)) ?? string.Empty);
        Assert.True(found.Success, "the mutant shows no violation");

        await using OpenReport report = await browser.Open(file);
        await report.Screenshot("violation-begin");
        Assert.Equal("violation", await report.Text("#verdict"));
        Assert.True(await report.Shows("#violation"));
        Assert.Equal(found.Groups[2].Value, await report.Text("#violation-property"));
        Assert.Equal($"veche sim --seed {found.Groups[1].Value}", await report.Text("#command"));
        double seconds = double.Parse(found.Groups[3].Value, CultureInfo.InvariantCulture);
        Assert.Equal($"at {found.Groups[3].Value} s", await report.Text("#violation-time"));

        await report.Click("#jump");
        await report.Screenshot("violation");
        (long from, long to) range = await report.Range();
        Assert.InRange(seconds, range.from / 1e9, range.to / 1e9);
        Assert.InRange((range.to - range.from) / 1e9, 0, seconds / 2);
        Assert.Equal("Violation", await report.Page.EvaluateFunctionAsync<string>("() => document.querySelector('.row[aria-selected=true]').dataset.kind"));
        Assert.True(await report.Shows(".row[data-kind=Violation]"));

        await report.Press("Escape");
        await report.Press("f");
        await report.Press("v");
        Assert.Equal(range, await report.Range());
        report.AssertQuiet();
    }

    [Fact]
    public async Task What_was_left_out_of_a_long_run_is_said_and_the_end_is_kept()
    {
        string file = Path.Combine(browser.Directory, "cut.html");
        List<string> trace = Veche.TraceOf(await Veche.Run(Veche.Built, "sim", "--seed", "3", "--trace", "--report", file, "--report-events", "400"));
        await using OpenReport report = await browser.Open(file);
        await report.Screenshot("cut");
        Assert.True(await report.Shows("#cut"));
        string cut = await report.Text("#cut");
        int dropped = int.Parse(Regex.Match(cut, @"Left out: ([\d,]+) ").Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
        Assert.Equal(trace.Count - dropped, await report.Number("#facts", "events"));
        int members = trace.Select(static line => Regex.Match(line, @"^ *[\d.]+  m(\d+) ")).Where(static match => match.Success).Max(static match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
        Assert.Equal(members, await report.Count(".lane.member"));
        await report.Page.FocusAsync("#list");
        await ShowEveryKind(report);
        await report.Page.FocusAsync("#list");
        await report.Press("End");
        Assert.Contains((await report.Text(".row[aria-selected=true] .what")).Split(" · ")[0], trace[^1], StringComparison.Ordinal);
        report.AssertQuiet();
    }

    [Fact]
    public async Task A_hundred_thousand_events_are_drawn_without_a_wait()
    {
        string file = Path.Combine(browser.Directory, "large.html");
        await Veche.Run(Veche.Built, "sim", "--seed", "6", "--scenario", "calm", "--nodes", "7", "--report", file, "--report-events", "1000000");
        await using OpenReport report = await browser.Open(file);
        await ShowEveryKind(report);
        await report.Screenshot("large");
        Assert.InRange(await report.Number("#facts", "events"), 100_000, 10_000_000);
        Assert.Contains("zoom in for arrows", await report.Text("#range"), StringComparison.Ordinal);

        // Twenty steps of a zoom, each drawn; far more than a person would wait for is a defect, whatever the machine.
        double milliseconds = await report.Page.EvaluateFunctionAsync<double>("""
            async () => {
              const began = performance.now();
              for (let i = 0; i < 20; i++) {
                document.getElementById('zoom-in').click();
                await new Promise(drawn => requestAnimationFrame(drawn));
              }
              return performance.now() - began;
            }
            """);
        Assert.InRange(milliseconds, 0, 10_000);
        Assert.DoesNotContain("zoom in for arrows", await report.Text("#range"), StringComparison.Ordinal);
        report.AssertQuiet();
    }

    [Fact]
    public async Task It_follows_the_theme_of_the_system_and_the_button()
    {
        await using OpenReport report = await OpenSeed("3");
        const string Back = "() => getComputedStyle(document.body).backgroundColor";
        await report.Page.EmulateMediaFeaturesAsync([new MediaFeatureValue { MediaFeature = MediaFeature.PrefersColorScheme, Value = "light" }]);
        string light = await report.Page.EvaluateFunctionAsync<string>(Back);
        await report.Page.EmulateMediaFeaturesAsync([new MediaFeatureValue { MediaFeature = MediaFeature.PrefersColorScheme, Value = "dark" }]);
        string dark = await report.Page.EvaluateFunctionAsync<string>(Back);
        Assert.NotEqual(light, dark);
        await report.Do(() => Task.CompletedTask);
        await report.Screenshot("dark");
        await report.Click("#theme");
        Assert.Equal(light, await report.Page.EvaluateFunctionAsync<string>(Back));
        report.AssertQuiet();
    }

    [Fact]
    public async Task Everything_that_can_be_operated_has_a_name()
    {
        await using OpenReport report = await OpenSeed("3");
        string[] nameless = await report.Page.EvaluateFunctionAsync<string[]>("""
            () => [...document.querySelectorAll('button, input, canvas:not([aria-hidden]), [role=listbox], [role=toolbar], dialog, section, aside')]
              .filter(element => !(element.getAttribute('aria-label') || element.getAttribute('aria-labelledby') || element.textContent.trim() || element.labels?.[0]?.textContent.trim()))
              .map(element => element.outerHTML.slice(0, 100))
            """);
        Assert.Empty(nameless);
        await report.Press("?");
        Assert.True(await report.Shows("#help"));
        await report.Screenshot("help");
        await report.Press("Escape");
        Assert.False(await report.Shows("#help"));
        report.AssertQuiet();
    }

    private static Task ShowEveryKind(OpenReport report) =>
        report.Do(() => report.Page.EvaluateFunctionAsync("() => document.querySelectorAll('#kinds input:not(:checked)').forEach(box => box.click())"));

    private async Task<OpenReport> OpenSeed(string seed)
    {
        string file = Path.Combine(browser.Directory, $"{Guid.NewGuid():n}.html");
        await Veche.Run(Veche.Built, "sim", "--seed", seed, "--report", file);
        return await browser.Open(file);
    }

    [GeneratedRegex(@"^seed \d+: (\d+) members, (\d+) clients")]
    private static partial Regex Summary();

    [GeneratedRegex(@"^seed (\d+): (.*?) at (\d+\.\d{6}) s: ")]
    private static partial Regex Found();
}
