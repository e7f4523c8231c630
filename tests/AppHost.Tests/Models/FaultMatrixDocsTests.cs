using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests.Models;

/// <summary>The tables in <c>docs/fault-matrix.md</c> are what <see cref="FaultMatrixTests"/> finds. <c>WRITE_DOCS=1 ./test AppHost</c> writes them anew.</summary>
public sealed class FaultMatrixDocsTests
{
    private const string Begin = "<!-- generated from the tests: WRITE_DOCS=1 ./test AppHost -->\n";
    private const string End = "<!-- end of what is generated -->";

    [Fact]
    public async Task Matrix_InTheDocs_IsThatOfTheTests()
    {
        var path = Path.Combine(Repository.Root, "docs", "fault-matrix.md");
        var text = await File.ReadAllTextAsync(path);
        var (begin, end) = (text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, text.IndexOf(End, StringComparison.Ordinal));
        if (Environment.GetEnvironmentVariable("WRITE_DOCS") == "1")
        {
            await File.WriteAllTextAsync(path, text = text[..begin] + FaultMatrixTable.Write() + text[end..]);
            end = text.IndexOf(End, StringComparison.Ordinal);
        }

        Assert.Equal(FaultMatrixTable.Write(), text[begin..end]);
    }
}
