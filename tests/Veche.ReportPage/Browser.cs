using System.Globalization;
using PuppeteerSharp;

namespace Veche.ReportPage;

/// <summary>Debian's Chromium, started once.</summary>
public sealed class Browser : IAsyncLifetime
{
    private IBrowser? _browser;

    /// <summary>Where reports are written while the tests run.</summary>
    internal string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("veche-report-").FullName;

    public async ValueTask InitializeAsync() => _browser = await Puppeteer.LaunchAsync(new LaunchOptions
    {
        ExecutablePath = Environment.GetEnvironmentVariable("VECHE_BROWSER") ?? "/usr/bin/chromium",
        Args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        DefaultViewport = new ViewPortOptions { Width = 1600, Height = 1000 },
    });

    public async ValueTask DisposeAsync()
    {
        await _browser!.CloseAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    /// <summary>Opens a report, and waits until it is drawn.</summary>
    internal async Task<OpenReport> Open(string file)
    {
        IPage page = await _browser!.NewPageAsync();
        var report = new OpenReport(page);
        await page.GoToAsync($"file://{file}");
        await page.WaitForFunctionAsync("() => document.documentElement.dataset.ready === 'true'");
        return report;
    }
}

/// <summary>A report in a tab. It must not say anything to the console, and must not ask for anything but itself.</summary>
internal sealed class OpenReport : IAsyncDisposable
{
    private readonly List<string> _complaints = [];
    private readonly List<string> _requests = [];

    public OpenReport(IPage page)
    {
        Page = page;
        page.Console += (_, said) => _complaints.Add($"{said.Message.Type}: {said.Message.Text}");
        page.PageError += (_, error) => _complaints.Add(error.Message);
        page.Request += (_, asked) => _requests.Add(asked.Request.Url);
    }

    public IPage Page { get; }

    public async Task<string> Text(string selector) => await Page.EvaluateFunctionAsync<string>("selector => document.querySelector(selector).textContent", selector);

    public async Task<int> Count(string selector) => await Page.EvaluateFunctionAsync<int>("selector => document.querySelectorAll(selector).length", selector);

    public async Task<bool> Shows(string selector) => await Page.EvaluateFunctionAsync<bool>("selector => document.querySelector(selector).checkVisibility()", selector);

    /// <summary>A number that the page keeps beside an element.</summary>
    public async Task<long> Number(string selector, string name) =>
        long.Parse(await Page.EvaluateFunctionAsync<string>("(selector, name) => document.querySelector(selector).dataset[name]", selector, name), CultureInfo.InvariantCulture);

    /// <summary>The stretch of time in the picture, in nanoseconds.</summary>
    public async Task<(long From, long To)> Range() => (await Number("#picture", "from"), await Number("#picture", "to"));

    /// <summary>The texts of the rows of the list that exist now.</summary>
    public async Task<string[]> Rows() => await Page.EvaluateFunctionAsync<string[]>("() => [...document.querySelectorAll('.row')].map(row => row.textContent)");

    /// <summary>Does something, and waits for the picture to be drawn after it.</summary>
    public async Task Do(Func<Task> action)
    {
        await action();
        await Page.EvaluateFunctionAsync("() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))");
    }

    public Task Click(string selector) => Do(() => Page.ClickAsync(selector));

    public Task Press(string key) => Do(() => Page.Keyboard.PressAsync(key));

    /// <summary>Keeps a picture of the page when the caller of the tests wants some.</summary>
    public async Task Screenshot(string name)
    {
        if (Environment.GetEnvironmentVariable("VECHE_REPORT_SCREENSHOTS") is { Length: > 0 } directory)
        {
            await Page.ScreenshotAsync(Path.Combine(directory, $"{name}.png"));
        }
    }

    public void AssertQuiet()
    {
        Assert.Empty(_complaints);
        Assert.All(_requests, static url => Assert.True(url.StartsWith("file://", StringComparison.Ordinal) || url.StartsWith("data:", StringComparison.Ordinal), url));
    }

    public async ValueTask DisposeAsync() => await Page.CloseAsync();
}
