using Xunit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace RnnGpu.Tests.Contract;

/// <summary>On a class derived from <see cref="BackendContract"/>: why it can't run on this machine, if it can't.</summary>
[AttributeUsage(AttributeTargets.Class)]
public abstract class AvailabilityAttribute : Attribute
{
    /// <summary>Null where the backend is there. Its tests are else reported as skipped, by name, with this reason.</summary>
    public abstract string? SkipReason { get; }

    internal static string? Of(ITestMethod method)
    {
        foreach (Attribute attribute in Attribute.GetCustomAttributes(method.TestClass.Class.ToRuntimeType(), typeof(AvailabilityAttribute)))
        {
            if (((AvailabilityAttribute)attribute).SkipReason is string reason) { return reason; }
        }

        return null;
    }
}

/// <summary>A fact of the contract: skipped where the deriving class's backend is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("RnnGpu.Tests.Contract." + nameof(ContractFactDiscoverer), "RnnGpu.Tests.Contract")]
public sealed class ContractFactAttribute : FactAttribute;

/// <summary>A theory of the contract: skipped where the deriving class's backend is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("RnnGpu.Tests.Contract." + nameof(ContractTheoryDiscoverer), "RnnGpu.Tests.Contract")]
public sealed class ContractTheoryAttribute : TheoryAttribute;

/// <summary>Finds <see cref="ContractFactAttribute"/>.</summary>
public sealed class ContractFactDiscoverer(IMessageSink sink) : FactDiscoverer(sink)
{
    protected override IXunitTestCase CreateTestCase(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        AvailabilityAttribute.Of(testMethod) is null
            ? base.CreateTestCase(discoveryOptions, testMethod, factAttribute)
            : new UnavailableTestCase(DiagnosticMessageSink, testMethod);
}

/// <summary>Finds <see cref="ContractTheoryAttribute"/>.</summary>
public sealed class ContractTheoryDiscoverer(IMessageSink sink) : TheoryDiscoverer(sink)
{
    public override IEnumerable<IXunitTestCase> Discover(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo theoryAttribute) =>
        AvailabilityAttribute.Of(testMethod) is null
            ? base.Discover(discoveryOptions, testMethod, theoryAttribute)
            : [new UnavailableTestCase(DiagnosticMessageSink, testMethod)];
}

/// <summary>A test that is reported as skipped with the reason of its class.</summary>
public sealed class UnavailableTestCase : XunitTestCase
{
    /// <summary>For the runner, which fills it in.</summary>
    [Obsolete("for deserialisation only")]
    public UnavailableTestCase()
    {
    }

    public UnavailableTestCase(IMessageSink sink, ITestMethod method)
        : base(sink, TestMethodDisplay.ClassAndMethod, TestMethodDisplayOptions.None, method)
    {
    }

    protected override string GetSkipReason(IAttributeInfo factAttribute) => AvailabilityAttribute.Of(TestMethod) ?? "not available";
}
