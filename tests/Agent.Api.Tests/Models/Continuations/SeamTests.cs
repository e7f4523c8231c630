using AspireAgent.Agent.Models.Continuations;

namespace AspireAgent.Agent.Tests.Models.Continuations;

public class SeamTests
{
    /// <summary>What was said, the pieces that a model goes on with, and what a user is to read in the end.</summary>
    public static TheoryData<string, string[], string> Golden => new()
    {
        // White space: said or not, more or less of it.
        { "Hello", [" world"], "Hello world" },
        { "Hello ", [" world"], "Hello world" },
        { "Hello ", ["world"], "Hello world" },
        { "Hello", [" ", "world"], "Hello world" },
        { "Hello ", [" ", "world"], "Hello world" },
        { "Hello ", ["", "  ", "world"], "Hello  world" },
        { "Hello\n\n", ["\nNext"], "Hello\n\nNext" },
        { "Hello\n", ["\n", "\nNext"], "Hello\n\nNext" },
        { "Hello\n", [" Next"], "Hello\nNext" },
        { "Hello ", ["\n\n", "Next"], "Hello Next" },
        { "Hello\r\n", ["\r\n\r\n", "Next"], "Hello\r\n\r\nNext" },
        { "Hello ", [" "], "Hello " },
        { "Hello\n\n", ["\n", " "], "Hello\n\n" },
        { " ", ["Hello"], " Hello" },
        { "", [" Hello", " world"], " Hello world" },
        { "Done. ", [], "Done. " },

        // Within a word, a number, a name.
        { "Hel", ["lo"], "Hello" },
        { "Hel", ["lo world"], "Hello world" },
        { "Die Donaudampfschiff", ["fahrts", "gesellschaft"], "Die Donaudampfschifffahrtsgesellschaft" },
        { "Die Größ", ["e der Stra", "ße"], "Die Größe der Straße" },
        { "Pi is 3.", ["14", "159"], "Pi is 3.14159" },
        { "Pi is 3", [".14"], "Pi is 3.14" },
        { "That makes 1,", ["000 euros"], "That makes 1,000 euros" },
        { "At 0.142857142857142857", ["142857142857142857 it repeats"], "At 0.142857142857142857142857142857142857 it repeats" },
        { "See https://example.org/a", ["/b?c=d"], "See https://example.org/a/b?c=d" },
        { "a well-", ["known fact"], "a well-known fact" },
        { "a well", ["-known fact"], "a well-known fact" },
        { "He said: \"", ["Yes\", and left"], "He said: \"Yes\", and left" },
        { "He said: \"Yes", ["\", and left"], "He said: \"Yes\", and left" },
        { "Sie sagte: „", ["Nein“ – und ging"], "Sie sagte: „Nein“ – und ging" },
        { "It", ["’s mine"], "It’s mine" },

        // Other scripts, emoji, marks.
        { "今天天气", ["很好，", "我们去公园。"], "今天天气很好，我们去公园。" },
        { "今天天气很好，我们", ["今天天气很好，我们", "去公园。"], "今天天气很好，我们去公园。" },
        { "哈哈", ["哈哈哈"], "哈哈哈哈哈" },
        { "السلام ", [" عليكم ورحمة الله"], "السلام عليكم ورحمة الله" },
        { "أهلا وسهلا بكم في مدينة", ["وسهلا بكم في مدينة", " القاهرة"], "أهلا وسهلا بكم في مدينة القاهرة" },
        { "Спасибо боль", ["шое"], "Спасибо большое" },
        { "สวัสดี", ["ครับ"], "สวัสดีครับ" },
        { "Well done 🎉", ["🎉 all"], "Well done 🎉🎉 all" },
        { "A family: 👨‍", ["👩‍👧"], "A family: 👨‍👩‍👧" },
        { "un cafe", ["\u0301 noir"], "un cafe\u0301 noir" },
        { "Ils ont pris un cafe", ["Ils ont pris un cafe\u0301", " noir"], "Ils ont pris un cafe\u0301 noir" },

        // Markdown and code.
        { "- one\n- ", ["two\n"], "- one\n- two\n" },
        { "- one\n- ", [" two\n"], "- one\n- two\n" },
        { "- one\n", ["- two"], "- one\n- two" },
        { "- one", ["\n- two"], "- one\n- two" },
        { "1. one\n2.", [" two\n3. three"], "1. one\n2. two\n3. three" },
        { "| a | b |\n", ["| --- | --- |\n"], "| a | b |\n| --- | --- |\n" },
        { "--------------------------------", ["--------------------------------"], "----------------------------------------------------------------" },
        { "A **bold", ["** word"], "A **bold** word" },
        { "```python\ndef f():\n    ", ["return 1\n```"], "```python\ndef f():\n    return 1\n```" },
        { "```python\ndef f():\n    ", ["\n    return 1\n```"], "```python\ndef f():\n    return 1\n```" },
        { "```python\ndef f():\n    ", ["    ", "return 1\n```"], "```python\ndef f():\n    return 1\n```" },
        { "if x:\n    ", ["\n        pass"], "if x:\n        pass" },
        { "if x:\n\t", ["\n\tpass"], "if x:\n\tpass" },

        // The model repeats what was said.
        { "The quick brown fox jumps", ["The quick brown fox jumps", " over"], "The quick brown fox jumps over" },
        { "The quick brown fox jumps ", ["The quick brown fox jumps", " over"], "The quick brown fox jumps over" },
        { "The quick brown fox jumps ", ["\n\nThe quick brown fox jumps over"], "The quick brown fox jumps over" },
        { "The quick brown fox ju", ["The quick brown", " fox jumps over"], "The quick brown fox jumps over" },
        { "The quick brown fox jumps", ["quick brown fox jumps over"], "The quick brown fox jumps over" },
        { "The quick brown fox jumps", [" quick brown", " fox jumps", " over"], "The quick brown fox jumps over" },
        { "The quick brown fox jumps", ["uick brown fox jumps over it"], "The quick brown fox jumpsuick brown fox jumps over it" },
        { "The quick brown fox jumps", [" brown fox jumps over"], "The quick brown fox jumps brown fox jumps over" },
        { "I am", ["I am here"], "I am here" },
        { "I", ["I am"], "II am" },
        { "I am ", ["I am"], "I am " },
        { "The quick brown fox jumps\n", ["The quick brown fox jumps\n", "over"], "The quick brown fox jumps\nover" },
        { "Here they are:\n- **first** thing", ["- **first** thing", "\n- second"], "Here they are:\n- **first** thing\n- second" },
        { "\n\nHello there", ["Hello there", " friend"], "\n\nHello there friend" },
        { "to be or not to be or not to be", ["to be or not to be, that is"], "to be or not to be or not to be, that is" },
        { "The quick brown fox jumps", ["The quick brown fox"], "The quick brown fox jumpsThe quick brown fox" },
        { "Die Straße ist lang und breit", ["Straße ist lang und breit", " und gerade"], "Die Straße ist lang und breit und gerade" },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void Join_Continuation_ReadsAsOneText(string prefix, string[] pieces, string whole)
    {
        var seam = new Seam(prefix);

        Assert.Equal(whole, prefix + string.Concat(pieces.Select(seam.Join)) + seam.Flush());

        Assert.Equal("", seam.Flush());
        Assert.Equal("late", seam.Join("late"));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("Hello", "Hello")]
    [InlineData(" Hello \u00a0\r\n\t", " Hello")]
    [InlineData("\n ", "")]
    [InlineData("Hi 🎉", "Hi 🎉")]
    public void Shown_Prefix_EndsInNoWhiteSpace(string prefix, string shown) => Assert.Equal(shown, Seam.Shown(prefix));

    [Fact]
    public void Shown_HalfAPairAtTheEnd_IsLeftOut()
    {
        Assert.Equal("Hi", Seam.Shown("Hi \ud83c"));
        Assert.Equal("Hi", Seam.Shown("Hi \ud83c \ud83c\n"));
    }

    [Theory]
    [InlineData(" 🎉!", "Hi 🎉!")]
    [InlineData(" 🎈!", "Hi 🎈!")] // the same first half
    public void Join_PrefixEndsInHalfAPair_CompletesIt(string continuation, string whole)
    {
        const string prefix = "Hi \ud83c";

        var seam = new Seam(prefix);

        Assert.Equal(whole, prefix + seam.Join(continuation) + seam.Flush());
    }

    [Fact]
    public void Join_PrefixEndsInSeveralHalves_TheSameInAnyPieces()
    {
        const string prefix = "Hi\ud83c \ud83c";
        const string continuation = "\ud83c 🎉!";

        Assert.Equal("\udf89!", Joined(prefix, continuation));
        var seam = new Seam(prefix);
        Assert.Equal("\udf89!", string.Concat(continuation.Select(c => seam.Join($"{c}"))));
    }

    [Fact]
    public void Join_PrefixEndsInHalfAPairAndTheModelSaysAnother_ChangesNothing()
    {
        Assert.Equal(" there", new Seam("Hi\ud83c").Join(" there"));
        Assert.Equal("there", new Seam("Hi \ud83c").Join(" there"));
    }

    [Fact]
    public void Join_OrdinaryContinuation_IsPassedAtOnce()
    {
        var seam = new Seam("The quick brown fox jumps");

        Assert.Equal([" over", " the", " quick", " brown fox jumps"], new[] { " over", " the", " quick", " brown fox jumps" }.Select(seam.Join));
    }

    [Fact]
    public void Join_MayStillRepeat_HoldsBackUntilItDoesNot()
    {
        var seam = new Seam("The quick brown fox jumps");

        Assert.Equal(["", "", " The quick red", " fox"], new[] { " ", "The quick ", "red", " fox" }.Select(seam.Join));
    }

    [Fact]
    public void Join_RepeatIsOver_PassesTheRestOfItsPiece()
    {
        var seam = new Seam("The quick brown fox jumps");

        Assert.Equal(["", "", " over", " it"], new[] { "The quick ", "brown fox jumps", " over", " it" }.Select(seam.Join));
    }

    [Fact]
    public void Join_LongerRepeatFails_TheShorterOneCounts()
    {
        // What follows the second "one two three four" could still be the first one's "five".
        var seam = new Seam("one two three four five one two three four");

        Assert.Equal(["", "", " fifty"], new[] { "one two three four", " fi", "fty" }.Select(seam.Join));
    }

    [Fact]
    public void Flush_MayStillRepeat_TellsWhatWasHeldBack()
    {
        var seam = new Seam("The quick brown fox jumps");

        Assert.Equal("", seam.Join(" The quick"));
        Assert.Equal(" The quick", seam.Flush());
    }

    [Fact]
    public void Join_RepeatLongerThanTheLookBack_CountsOnlyWhole()
    {
        var text = string.Join(' ', Enumerable.Range(0, 1_000));

        Assert.Equal(" and on", Joined(text, text + " and on"));
        Assert.Equal(text[4..] + " and on", Joined(text, text[4..] + " and on"));
        Assert.Equal(" and on", Joined(text, text[^1_004..] + " and on"));
    }

    [Fact]
    public void Join_BlanksWithoutEnd_ArePassedOnOrDropped()
    {
        var blanks = new string(' ', 5_000);

        Assert.Equal(blanks + "I am", Joined("I am", blanks + "I am"));
        Assert.Equal(blanks[1..] + "I am", Joined("I am ", blanks + "I am"));
        Assert.Equal("I am", Joined("I am\n", blanks + "I am"));
        Assert.Equal(5_000, new Seam("I am").Join(blanks).Length);
    }

    private static string Joined(string prefix, string continuation)
    {
        var seam = new Seam(prefix);
        return seam.Join(continuation) + seam.Flush();
    }
}
