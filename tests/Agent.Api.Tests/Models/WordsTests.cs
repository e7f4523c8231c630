using AspireAgent.Agent.Models;

namespace AspireAgent.Agent.Tests.Models;

public class WordsTests
{
    [Theory]
    [InlineData("My refund, please", "refund")]
    [InlineData("REFUND!", "refund")]
    [InlineData("a gift card", "Gift Card")]
    [InlineData("un cafe\u0301", "cafe\u0301")]
    [InlineData("die STRASSENBAHN und die Straße", "straße")]
    [InlineData("Где мой ЗАКАЗ?", "заказ")]
    [InlineData("أين الطلب؟", "الطلب")]
    [InlineData("我要退款，谢谢", "退款")]
    [InlineData("ฉันต้องการคืนเงิน", "คืนเงิน")]
    [InlineData("I write c++", "c++")]
    [InlineData("the carts and a cart", "cart")]
    [InlineData("🎉refund🎉", "refund")]
    public void Has_WholeWord_IsFound(string text, string word) => Assert.True(Words.Has(text, word));

    [Theory]
    [InlineData("refunds", "refund")]
    [InlineData("prerefund", "refund")]
    [InlineData("re_fund", "fund")]
    [InlineData("Großstraße", "straße")]
    [InlineData("заказы", "заказ")]
    [InlineData("un cafe\u0301", "cafe")] // the mark is of the word's last letter
    [InlineData("हिन्दी", "हिन्द")]
    [InlineData("می\u200cخواهم", "می")]
    [InlineData("order66", "order")]
    [InlineData("", "refund")]
    [InlineData("refund", "")]
    public void Has_PartOfAWord_IsNot(string text, string word) => Assert.False(Words.Has(text, word));

    [Fact]
    public void IsBoundary_WithinAPair_IsNone() => Assert.Equal(
        [true, false, true],
        Enumerable.Range(0, 3).Select(at => Words.IsBoundary("🎉", at)));

    [Theory]
    [InlineData("the cat, twice: 2", 8)]
    [InlineData("-- ** 🎉", 0)]
    [InlineData("今天天气", 4)]
    public void HalvesAt_Text_CountsWordsAndLettersOfScriptsWithoutBlanks(string text, int halves) =>
        Assert.Equal(halves, Enumerable.Range(0, text.Length).Sum(at => Words.HalvesAt(text, at)));
}
