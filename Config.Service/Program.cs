using AspireAgent.Config;
using AspireAgent.ServiceDefaults;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults().AddRedis();
builder.Services.AddTrust();
builder.Services.AddConfig(builder.Configuration);

var app = builder.Build();
app.UseProblems();
app.UseAuthentication();
app.UseAuthorization();
app.MapDefaultEndpoints();
app.MapConfig();
app.Run();
