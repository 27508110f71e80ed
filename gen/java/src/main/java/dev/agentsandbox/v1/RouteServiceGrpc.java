package dev.agentsandbox.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Says where the agent of a sandbox is.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class RouteServiceGrpc {

  private RouteServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "agentsandbox.v1.RouteService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.ResolveRequest,
      dev.agentsandbox.v1.ResolveResponse> getResolveMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Resolve",
      requestType = dev.agentsandbox.v1.ResolveRequest.class,
      responseType = dev.agentsandbox.v1.ResolveResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.ResolveRequest,
      dev.agentsandbox.v1.ResolveResponse> getResolveMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.ResolveRequest, dev.agentsandbox.v1.ResolveResponse> getResolveMethod;
    if ((getResolveMethod = RouteServiceGrpc.getResolveMethod) == null) {
      synchronized (RouteServiceGrpc.class) {
        if ((getResolveMethod = RouteServiceGrpc.getResolveMethod) == null) {
          RouteServiceGrpc.getResolveMethod = getResolveMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.ResolveRequest, dev.agentsandbox.v1.ResolveResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Resolve"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ResolveRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ResolveResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RouteServiceMethodDescriptorSupplier("Resolve"))
              .build();
        }
      }
    }
    return getResolveMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.WatchRoutesRequest,
      dev.agentsandbox.v1.WatchRoutesResponse> getWatchMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Watch",
      requestType = dev.agentsandbox.v1.WatchRoutesRequest.class,
      responseType = dev.agentsandbox.v1.WatchRoutesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.WatchRoutesRequest,
      dev.agentsandbox.v1.WatchRoutesResponse> getWatchMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.WatchRoutesRequest, dev.agentsandbox.v1.WatchRoutesResponse> getWatchMethod;
    if ((getWatchMethod = RouteServiceGrpc.getWatchMethod) == null) {
      synchronized (RouteServiceGrpc.class) {
        if ((getWatchMethod = RouteServiceGrpc.getWatchMethod) == null) {
          RouteServiceGrpc.getWatchMethod = getWatchMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.WatchRoutesRequest, dev.agentsandbox.v1.WatchRoutesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Watch"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.WatchRoutesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.WatchRoutesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new RouteServiceMethodDescriptorSupplier("Watch"))
              .build();
        }
      }
    }
    return getWatchMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static RouteServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RouteServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RouteServiceStub>() {
        @java.lang.Override
        public RouteServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RouteServiceStub(channel, callOptions);
        }
      };
    return RouteServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static RouteServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RouteServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RouteServiceBlockingV2Stub>() {
        @java.lang.Override
        public RouteServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RouteServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return RouteServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static RouteServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RouteServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RouteServiceBlockingStub>() {
        @java.lang.Override
        public RouteServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RouteServiceBlockingStub(channel, callOptions);
        }
      };
    return RouteServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static RouteServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<RouteServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<RouteServiceFutureStub>() {
        @java.lang.Override
        public RouteServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new RouteServiceFutureStub(channel, callOptions);
        }
      };
    return RouteServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Says where the agent of a sandbox is.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Waits until the sandbox can be reached or the deadline passes. Errors: NOT_FOUND (SandboxNotFound, Gone), FAILED_PRECONDITION (NotClaimed:
     * an unclaimed member of a pool; SandboxGone: ended, the message says why).
     * </pre>
     */
    default void resolve(dev.agentsandbox.v1.ResolveRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ResolveResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getResolveMethod(), responseObserver);
    }

    /**
     * <pre>
     * All routes, then a "synced" response, then each change.
     * </pre>
     */
    default void watch(dev.agentsandbox.v1.WatchRoutesRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WatchRoutesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getWatchMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service RouteService.
   * <pre>
   * Says where the agent of a sandbox is.
   * </pre>
   */
  public static abstract class RouteServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return RouteServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service RouteService.
   * <pre>
   * Says where the agent of a sandbox is.
   * </pre>
   */
  public static final class RouteServiceStub
      extends io.grpc.stub.AbstractAsyncStub<RouteServiceStub> {
    private RouteServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RouteServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RouteServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Waits until the sandbox can be reached or the deadline passes. Errors: NOT_FOUND (SandboxNotFound, Gone), FAILED_PRECONDITION (NotClaimed:
     * an unclaimed member of a pool; SandboxGone: ended, the message says why).
     * </pre>
     */
    public void resolve(dev.agentsandbox.v1.ResolveRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ResolveResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getResolveMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * All routes, then a "synced" response, then each change.
     * </pre>
     */
    public void watch(dev.agentsandbox.v1.WatchRoutesRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WatchRoutesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getWatchMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service RouteService.
   * <pre>
   * Says where the agent of a sandbox is.
   * </pre>
   */
  public static final class RouteServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<RouteServiceBlockingV2Stub> {
    private RouteServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RouteServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RouteServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Waits until the sandbox can be reached or the deadline passes. Errors: NOT_FOUND (SandboxNotFound, Gone), FAILED_PRECONDITION (NotClaimed:
     * an unclaimed member of a pool; SandboxGone: ended, the message says why).
     * </pre>
     */
    public dev.agentsandbox.v1.ResolveResponse resolve(dev.agentsandbox.v1.ResolveRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getResolveMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * All routes, then a "synced" response, then each change.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, dev.agentsandbox.v1.WatchRoutesResponse>
        watch(dev.agentsandbox.v1.WatchRoutesRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getWatchMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service RouteService.
   * <pre>
   * Says where the agent of a sandbox is.
   * </pre>
   */
  public static final class RouteServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<RouteServiceBlockingStub> {
    private RouteServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RouteServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RouteServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Waits until the sandbox can be reached or the deadline passes. Errors: NOT_FOUND (SandboxNotFound, Gone), FAILED_PRECONDITION (NotClaimed:
     * an unclaimed member of a pool; SandboxGone: ended, the message says why).
     * </pre>
     */
    public dev.agentsandbox.v1.ResolveResponse resolve(dev.agentsandbox.v1.ResolveRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getResolveMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * All routes, then a "synced" response, then each change.
     * </pre>
     */
    public java.util.Iterator<dev.agentsandbox.v1.WatchRoutesResponse> watch(
        dev.agentsandbox.v1.WatchRoutesRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getWatchMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service RouteService.
   * <pre>
   * Says where the agent of a sandbox is.
   * </pre>
   */
  public static final class RouteServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<RouteServiceFutureStub> {
    private RouteServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected RouteServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new RouteServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Waits until the sandbox can be reached or the deadline passes. Errors: NOT_FOUND (SandboxNotFound, Gone), FAILED_PRECONDITION (NotClaimed:
     * an unclaimed member of a pool; SandboxGone: ended, the message says why).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.ResolveResponse> resolve(
        dev.agentsandbox.v1.ResolveRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getResolveMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_RESOLVE = 0;
  private static final int METHODID_WATCH = 1;

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
        case METHODID_RESOLVE:
          serviceImpl.resolve((dev.agentsandbox.v1.ResolveRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ResolveResponse>) responseObserver);
          break;
        case METHODID_WATCH:
          serviceImpl.watch((dev.agentsandbox.v1.WatchRoutesRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WatchRoutesResponse>) responseObserver);
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
          getResolveMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.ResolveRequest,
              dev.agentsandbox.v1.ResolveResponse>(
                service, METHODID_RESOLVE)))
        .addMethod(
          getWatchMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              dev.agentsandbox.v1.WatchRoutesRequest,
              dev.agentsandbox.v1.WatchRoutesResponse>(
                service, METHODID_WATCH)))
        .build();
  }

  private static abstract class RouteServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    RouteServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return dev.agentsandbox.v1.RouteOuterClass.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("RouteService");
    }
  }

  private static final class RouteServiceFileDescriptorSupplier
      extends RouteServiceBaseDescriptorSupplier {
    RouteServiceFileDescriptorSupplier() {}
  }

  private static final class RouteServiceMethodDescriptorSupplier
      extends RouteServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    RouteServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (RouteServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new RouteServiceFileDescriptorSupplier())
              .addMethod(getResolveMethod())
              .addMethod(getWatchMethod())
              .build();
        }
      }
    }
    return result;
  }
}
