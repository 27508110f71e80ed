package dev.agentsandbox.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Served by the agent to its node, on the control connection.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class AgentServiceGrpc {

  private AgentServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "agentsandbox.v1.AgentService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.GetAgentRequest,
      dev.agentsandbox.v1.GetAgentResponse> getGetAgentMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetAgent",
      requestType = dev.agentsandbox.v1.GetAgentRequest.class,
      responseType = dev.agentsandbox.v1.GetAgentResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.GetAgentRequest,
      dev.agentsandbox.v1.GetAgentResponse> getGetAgentMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.GetAgentRequest, dev.agentsandbox.v1.GetAgentResponse> getGetAgentMethod;
    if ((getGetAgentMethod = AgentServiceGrpc.getGetAgentMethod) == null) {
      synchronized (AgentServiceGrpc.class) {
        if ((getGetAgentMethod = AgentServiceGrpc.getGetAgentMethod) == null) {
          AgentServiceGrpc.getGetAgentMethod = getGetAgentMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.GetAgentRequest, dev.agentsandbox.v1.GetAgentResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetAgent"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.GetAgentRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.GetAgentResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AgentServiceMethodDescriptorSupplier("GetAgent"))
              .build();
        }
      }
    }
    return getGetAgentMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.RunProbeRequest,
      dev.agentsandbox.v1.RunProbeResponse> getRunProbeMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RunProbe",
      requestType = dev.agentsandbox.v1.RunProbeRequest.class,
      responseType = dev.agentsandbox.v1.RunProbeResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.RunProbeRequest,
      dev.agentsandbox.v1.RunProbeResponse> getRunProbeMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.RunProbeRequest, dev.agentsandbox.v1.RunProbeResponse> getRunProbeMethod;
    if ((getRunProbeMethod = AgentServiceGrpc.getRunProbeMethod) == null) {
      synchronized (AgentServiceGrpc.class) {
        if ((getRunProbeMethod = AgentServiceGrpc.getRunProbeMethod) == null) {
          AgentServiceGrpc.getRunProbeMethod = getRunProbeMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.RunProbeRequest, dev.agentsandbox.v1.RunProbeResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RunProbe"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.RunProbeRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.RunProbeResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AgentServiceMethodDescriptorSupplier("RunProbe"))
              .build();
        }
      }
    }
    return getRunProbeMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.StopRequest,
      dev.agentsandbox.v1.StopResponse> getStopMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Stop",
      requestType = dev.agentsandbox.v1.StopRequest.class,
      responseType = dev.agentsandbox.v1.StopResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.StopRequest,
      dev.agentsandbox.v1.StopResponse> getStopMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.StopRequest, dev.agentsandbox.v1.StopResponse> getStopMethod;
    if ((getStopMethod = AgentServiceGrpc.getStopMethod) == null) {
      synchronized (AgentServiceGrpc.class) {
        if ((getStopMethod = AgentServiceGrpc.getStopMethod) == null) {
          AgentServiceGrpc.getStopMethod = getStopMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.StopRequest, dev.agentsandbox.v1.StopResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Stop"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.StopRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.StopResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AgentServiceMethodDescriptorSupplier("Stop"))
              .build();
        }
      }
    }
    return getStopMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static AgentServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<AgentServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<AgentServiceStub>() {
        @java.lang.Override
        public AgentServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new AgentServiceStub(channel, callOptions);
        }
      };
    return AgentServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static AgentServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<AgentServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<AgentServiceBlockingV2Stub>() {
        @java.lang.Override
        public AgentServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new AgentServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return AgentServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static AgentServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<AgentServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<AgentServiceBlockingStub>() {
        @java.lang.Override
        public AgentServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new AgentServiceBlockingStub(channel, callOptions);
        }
      };
    return AgentServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static AgentServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<AgentServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<AgentServiceFutureStub>() {
        @java.lang.Override
        public AgentServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new AgentServiceFutureStub(channel, callOptions);
        }
      };
    return AgentServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Served by the agent to its node, on the control connection.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Who it is and what it runs. The node asks once per connection.
     * </pre>
     */
    default void getAgent(dev.agentsandbox.v1.GetAgentRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.GetAgentResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetAgentMethod(), responseObserver);
    }

    /**
     * <pre>
     * Runs one probe inside the sandbox, once.
     * </pre>
     */
    default void runProbe(dev.agentsandbox.v1.RunProbeRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.RunProbeResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRunProbeMethod(), responseObserver);
    }

    /**
     * <pre>
     * SIGTERM to all processes, SIGKILL after grace, then the agent ends: the sandbox is over.
     * </pre>
     */
    default void stop(dev.agentsandbox.v1.StopRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.StopResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getStopMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service AgentService.
   * <pre>
   * Served by the agent to its node, on the control connection.
   * </pre>
   */
  public static abstract class AgentServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return AgentServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service AgentService.
   * <pre>
   * Served by the agent to its node, on the control connection.
   * </pre>
   */
  public static final class AgentServiceStub
      extends io.grpc.stub.AbstractAsyncStub<AgentServiceStub> {
    private AgentServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected AgentServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new AgentServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Who it is and what it runs. The node asks once per connection.
     * </pre>
     */
    public void getAgent(dev.agentsandbox.v1.GetAgentRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.GetAgentResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetAgentMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Runs one probe inside the sandbox, once.
     * </pre>
     */
    public void runProbe(dev.agentsandbox.v1.RunProbeRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.RunProbeResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRunProbeMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * SIGTERM to all processes, SIGKILL after grace, then the agent ends: the sandbox is over.
     * </pre>
     */
    public void stop(dev.agentsandbox.v1.StopRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.StopResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getStopMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service AgentService.
   * <pre>
   * Served by the agent to its node, on the control connection.
   * </pre>
   */
  public static final class AgentServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<AgentServiceBlockingV2Stub> {
    private AgentServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected AgentServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new AgentServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Who it is and what it runs. The node asks once per connection.
     * </pre>
     */
    public dev.agentsandbox.v1.GetAgentResponse getAgent(dev.agentsandbox.v1.GetAgentRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetAgentMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Runs one probe inside the sandbox, once.
     * </pre>
     */
    public dev.agentsandbox.v1.RunProbeResponse runProbe(dev.agentsandbox.v1.RunProbeRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRunProbeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * SIGTERM to all processes, SIGKILL after grace, then the agent ends: the sandbox is over.
     * </pre>
     */
    public dev.agentsandbox.v1.StopResponse stop(dev.agentsandbox.v1.StopRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getStopMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service AgentService.
   * <pre>
   * Served by the agent to its node, on the control connection.
   * </pre>
   */
  public static final class AgentServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<AgentServiceBlockingStub> {
    private AgentServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected AgentServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new AgentServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Who it is and what it runs. The node asks once per connection.
     * </pre>
     */
    public dev.agentsandbox.v1.GetAgentResponse getAgent(dev.agentsandbox.v1.GetAgentRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetAgentMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Runs one probe inside the sandbox, once.
     * </pre>
     */
    public dev.agentsandbox.v1.RunProbeResponse runProbe(dev.agentsandbox.v1.RunProbeRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRunProbeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * SIGTERM to all processes, SIGKILL after grace, then the agent ends: the sandbox is over.
     * </pre>
     */
    public dev.agentsandbox.v1.StopResponse stop(dev.agentsandbox.v1.StopRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getStopMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service AgentService.
   * <pre>
   * Served by the agent to its node, on the control connection.
   * </pre>
   */
  public static final class AgentServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<AgentServiceFutureStub> {
    private AgentServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected AgentServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new AgentServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Who it is and what it runs. The node asks once per connection.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.GetAgentResponse> getAgent(
        dev.agentsandbox.v1.GetAgentRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetAgentMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Runs one probe inside the sandbox, once.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.RunProbeResponse> runProbe(
        dev.agentsandbox.v1.RunProbeRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRunProbeMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * SIGTERM to all processes, SIGKILL after grace, then the agent ends: the sandbox is over.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.StopResponse> stop(
        dev.agentsandbox.v1.StopRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getStopMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_GET_AGENT = 0;
  private static final int METHODID_RUN_PROBE = 1;
  private static final int METHODID_STOP = 2;

  private static final class MethodHandlers<Req, Resp> implements
      io.grpc.stub.ServerCalls.UnaryMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ServerStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ClientStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.BidiStreamingMethod<Req, Resp> {
    private final AsyncService serviceImpl;
    private final int methodId;

    MethodHandlers(AsyncService serviceImpl, int methodId) {
      this.serviceImpl = serviceImpl;
      this.methodId = methodId;
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public void invoke(Req request, io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_GET_AGENT:
          serviceImpl.getAgent((dev.agentsandbox.v1.GetAgentRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.GetAgentResponse>) responseObserver);
          break;
        case METHODID_RUN_PROBE:
          serviceImpl.runProbe((dev.agentsandbox.v1.RunProbeRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.RunProbeResponse>) responseObserver);
          break;
        case METHODID_STOP:
          serviceImpl.stop((dev.agentsandbox.v1.StopRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.StopResponse>) responseObserver);
          break;
        default:
          throw new AssertionError();
      }
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public io.grpc.stub.StreamObserver<Req> invoke(
        io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getGetAgentMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.GetAgentRequest,
              dev.agentsandbox.v1.GetAgentResponse>(
                service, METHODID_GET_AGENT)))
        .addMethod(
          getRunProbeMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.RunProbeRequest,
              dev.agentsandbox.v1.RunProbeResponse>(
                service, METHODID_RUN_PROBE)))
        .addMethod(
          getStopMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.StopRequest,
              dev.agentsandbox.v1.StopResponse>(
                service, METHODID_STOP)))
        .build();
  }

  private static abstract class AgentServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    AgentServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return dev.agentsandbox.v1.Node.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("AgentService");
    }
  }

  private static final class AgentServiceFileDescriptorSupplier
      extends AgentServiceBaseDescriptorSupplier {
    AgentServiceFileDescriptorSupplier() {}
  }

  private static final class AgentServiceMethodDescriptorSupplier
      extends AgentServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    AgentServiceMethodDescriptorSupplier(java.lang.String methodName) {
      this.methodName = methodName;
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(methodName);
    }
  }

  private static volatile io.grpc.ServiceDescriptor serviceDescriptor;

  public static io.grpc.ServiceDescriptor getServiceDescriptor() {
    io.grpc.ServiceDescriptor result = serviceDescriptor;
    if (result == null) {
      synchronized (AgentServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new AgentServiceFileDescriptorSupplier())
              .addMethod(getGetAgentMethod())
              .addMethod(getRunProbeMethod())
              .addMethod(getStopMethod())
              .build();
        }
      }
    }
    return result;
  }
}
