package dev.agentsandbox.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * kind is "SandboxTemplate", "SandboxWarmPool", "SandboxClaim" or "Sandbox"; Delete and Apply take all but may refuse what a controller owns.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class TemplateServiceGrpc {

  private TemplateServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "agentsandbox.v1.TemplateService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.ApplyRequest,
      dev.agentsandbox.v1.ApplyResponse> getApplyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Apply",
      requestType = dev.agentsandbox.v1.ApplyRequest.class,
      responseType = dev.agentsandbox.v1.ApplyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.ApplyRequest,
      dev.agentsandbox.v1.ApplyResponse> getApplyMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.ApplyRequest, dev.agentsandbox.v1.ApplyResponse> getApplyMethod;
    if ((getApplyMethod = TemplateServiceGrpc.getApplyMethod) == null) {
      synchronized (TemplateServiceGrpc.class) {
        if ((getApplyMethod = TemplateServiceGrpc.getApplyMethod) == null) {
          TemplateServiceGrpc.getApplyMethod = getApplyMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.ApplyRequest, dev.agentsandbox.v1.ApplyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Apply"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ApplyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ApplyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new TemplateServiceMethodDescriptorSupplier("Apply"))
              .build();
        }
      }
    }
    return getApplyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.GetRequest,
      dev.agentsandbox.v1.GetResponse> getGetMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Get",
      requestType = dev.agentsandbox.v1.GetRequest.class,
      responseType = dev.agentsandbox.v1.GetResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.GetRequest,
      dev.agentsandbox.v1.GetResponse> getGetMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.GetRequest, dev.agentsandbox.v1.GetResponse> getGetMethod;
    if ((getGetMethod = TemplateServiceGrpc.getGetMethod) == null) {
      synchronized (TemplateServiceGrpc.class) {
        if ((getGetMethod = TemplateServiceGrpc.getGetMethod) == null) {
          TemplateServiceGrpc.getGetMethod = getGetMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.GetRequest, dev.agentsandbox.v1.GetResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Get"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.GetRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.GetResponse.getDefaultInstance()))
              .setSchemaDescriptor(new TemplateServiceMethodDescriptorSupplier("Get"))
              .build();
        }
      }
    }
    return getGetMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.ListRequest,
      dev.agentsandbox.v1.ListResponse> getListMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "List",
      requestType = dev.agentsandbox.v1.ListRequest.class,
      responseType = dev.agentsandbox.v1.ListResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.ListRequest,
      dev.agentsandbox.v1.ListResponse> getListMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.ListRequest, dev.agentsandbox.v1.ListResponse> getListMethod;
    if ((getListMethod = TemplateServiceGrpc.getListMethod) == null) {
      synchronized (TemplateServiceGrpc.class) {
        if ((getListMethod = TemplateServiceGrpc.getListMethod) == null) {
          TemplateServiceGrpc.getListMethod = getListMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.ListRequest, dev.agentsandbox.v1.ListResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "List"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ListRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.ListResponse.getDefaultInstance()))
              .setSchemaDescriptor(new TemplateServiceMethodDescriptorSupplier("List"))
              .build();
        }
      }
    }
    return getListMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.WatchRequest,
      dev.agentsandbox.v1.WatchResponse> getWatchMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Watch",
      requestType = dev.agentsandbox.v1.WatchRequest.class,
      responseType = dev.agentsandbox.v1.WatchResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.WatchRequest,
      dev.agentsandbox.v1.WatchResponse> getWatchMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.WatchRequest, dev.agentsandbox.v1.WatchResponse> getWatchMethod;
    if ((getWatchMethod = TemplateServiceGrpc.getWatchMethod) == null) {
      synchronized (TemplateServiceGrpc.class) {
        if ((getWatchMethod = TemplateServiceGrpc.getWatchMethod) == null) {
          TemplateServiceGrpc.getWatchMethod = getWatchMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.WatchRequest, dev.agentsandbox.v1.WatchResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Watch"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.WatchRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.WatchResponse.getDefaultInstance()))
              .setSchemaDescriptor(new TemplateServiceMethodDescriptorSupplier("Watch"))
              .build();
        }
      }
    }
    return getWatchMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.agentsandbox.v1.DeleteRequest,
      dev.agentsandbox.v1.DeleteResponse> getDeleteMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Delete",
      requestType = dev.agentsandbox.v1.DeleteRequest.class,
      responseType = dev.agentsandbox.v1.DeleteResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.agentsandbox.v1.DeleteRequest,
      dev.agentsandbox.v1.DeleteResponse> getDeleteMethod() {
    io.grpc.MethodDescriptor<dev.agentsandbox.v1.DeleteRequest, dev.agentsandbox.v1.DeleteResponse> getDeleteMethod;
    if ((getDeleteMethod = TemplateServiceGrpc.getDeleteMethod) == null) {
      synchronized (TemplateServiceGrpc.class) {
        if ((getDeleteMethod = TemplateServiceGrpc.getDeleteMethod) == null) {
          TemplateServiceGrpc.getDeleteMethod = getDeleteMethod =
              io.grpc.MethodDescriptor.<dev.agentsandbox.v1.DeleteRequest, dev.agentsandbox.v1.DeleteResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Delete"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.DeleteRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.agentsandbox.v1.DeleteResponse.getDefaultInstance()))
              .setSchemaDescriptor(new TemplateServiceMethodDescriptorSupplier("Delete"))
              .build();
        }
      }
    }
    return getDeleteMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static TemplateServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<TemplateServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<TemplateServiceStub>() {
        @java.lang.Override
        public TemplateServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new TemplateServiceStub(channel, callOptions);
        }
      };
    return TemplateServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static TemplateServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<TemplateServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<TemplateServiceBlockingV2Stub>() {
        @java.lang.Override
        public TemplateServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new TemplateServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return TemplateServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static TemplateServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<TemplateServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<TemplateServiceBlockingStub>() {
        @java.lang.Override
        public TemplateServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new TemplateServiceBlockingStub(channel, callOptions);
        }
      };
    return TemplateServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static TemplateServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<TemplateServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<TemplateServiceFutureStub>() {
        @java.lang.Override
        public TemplateServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new TemplateServiceFutureStub(channel, callOptions);
        }
      };
    return TemplateServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * kind is "SandboxTemplate", "SandboxWarmPool", "SandboxClaim" or "Sandbox"; Delete and Apply take all but may refuse what a controller owns.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Creates or updates objects as their owner wrote them; each is validated whole before any is stored. Errors: INVALID_ARGUMENT
     * (BadRequest: the path of the field and what was wrong; PodSpecUnsupported).
     * </pre>
     */
    default void apply(dev.agentsandbox.v1.ApplyRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ApplyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getApplyMethod(), responseObserver);
    }

    /**
     * <pre>
     * Errors: NOT_FOUND (TemplateNotFound, PoolNotFound, ClaimNotFound, SandboxNotFound).
     * </pre>
     */
    default void get(dev.agentsandbox.v1.GetRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.GetResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetMethod(), responseObserver);
    }

    /**
     * <pre>
     * In pages.
     * </pre>
     */
    default void list(dev.agentsandbox.v1.ListRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ListResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListMethod(), responseObserver);
    }

    /**
     * <pre>
     * The present objects as ADDED, then each change.
     * </pre>
     */
    default void watch(dev.agentsandbox.v1.WatchRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WatchResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getWatchMethod(), responseObserver);
    }

    /**
     * <pre>
     * Errors: as Get.
     * </pre>
     */
    default void delete(dev.agentsandbox.v1.DeleteRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.DeleteResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service TemplateService.
   * <pre>
   * kind is "SandboxTemplate", "SandboxWarmPool", "SandboxClaim" or "Sandbox"; Delete and Apply take all but may refuse what a controller owns.
   * </pre>
   */
  public static abstract class TemplateServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return TemplateServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service TemplateService.
   * <pre>
   * kind is "SandboxTemplate", "SandboxWarmPool", "SandboxClaim" or "Sandbox"; Delete and Apply take all but may refuse what a controller owns.
   * </pre>
   */
  public static final class TemplateServiceStub
      extends io.grpc.stub.AbstractAsyncStub<TemplateServiceStub> {
    private TemplateServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected TemplateServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new TemplateServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates or updates objects as their owner wrote them; each is validated whole before any is stored. Errors: INVALID_ARGUMENT
     * (BadRequest: the path of the field and what was wrong; PodSpecUnsupported).
     * </pre>
     */
    public void apply(dev.agentsandbox.v1.ApplyRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ApplyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getApplyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Errors: NOT_FOUND (TemplateNotFound, PoolNotFound, ClaimNotFound, SandboxNotFound).
     * </pre>
     */
    public void get(dev.agentsandbox.v1.GetRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.GetResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * In pages.
     * </pre>
     */
    public void list(dev.agentsandbox.v1.ListRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ListResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * The present objects as ADDED, then each change.
     * </pre>
     */
    public void watch(dev.agentsandbox.v1.WatchRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WatchResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getWatchMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Errors: as Get.
     * </pre>
     */
    public void delete(dev.agentsandbox.v1.DeleteRequest request,
        io.grpc.stub.StreamObserver<dev.agentsandbox.v1.DeleteResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service TemplateService.
   * <pre>
   * kind is "SandboxTemplate", "SandboxWarmPool", "SandboxClaim" or "Sandbox"; Delete and Apply take all but may refuse what a controller owns.
   * </pre>
   */
  public static final class TemplateServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<TemplateServiceBlockingV2Stub> {
    private TemplateServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected TemplateServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new TemplateServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates or updates objects as their owner wrote them; each is validated whole before any is stored. Errors: INVALID_ARGUMENT
     * (BadRequest: the path of the field and what was wrong; PodSpecUnsupported).
     * </pre>
     */
    public dev.agentsandbox.v1.ApplyResponse apply(dev.agentsandbox.v1.ApplyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getApplyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Errors: NOT_FOUND (TemplateNotFound, PoolNotFound, ClaimNotFound, SandboxNotFound).
     * </pre>
     */
    public dev.agentsandbox.v1.GetResponse get(dev.agentsandbox.v1.GetRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * In pages.
     * </pre>
     */
    public dev.agentsandbox.v1.ListResponse list(dev.agentsandbox.v1.ListRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * The present objects as ADDED, then each change.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, dev.agentsandbox.v1.WatchResponse>
        watch(dev.agentsandbox.v1.WatchRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getWatchMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Errors: as Get.
     * </pre>
     */
    public dev.agentsandbox.v1.DeleteResponse delete(dev.agentsandbox.v1.DeleteRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDeleteMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service TemplateService.
   * <pre>
   * kind is "SandboxTemplate", "SandboxWarmPool", "SandboxClaim" or "Sandbox"; Delete and Apply take all but may refuse what a controller owns.
   * </pre>
   */
  public static final class TemplateServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<TemplateServiceBlockingStub> {
    private TemplateServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected TemplateServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new TemplateServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates or updates objects as their owner wrote them; each is validated whole before any is stored. Errors: INVALID_ARGUMENT
     * (BadRequest: the path of the field and what was wrong; PodSpecUnsupported).
     * </pre>
     */
    public dev.agentsandbox.v1.ApplyResponse apply(dev.agentsandbox.v1.ApplyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getApplyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Errors: NOT_FOUND (TemplateNotFound, PoolNotFound, ClaimNotFound, SandboxNotFound).
     * </pre>
     */
    public dev.agentsandbox.v1.GetResponse get(dev.agentsandbox.v1.GetRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * In pages.
     * </pre>
     */
    public dev.agentsandbox.v1.ListResponse list(dev.agentsandbox.v1.ListRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * The present objects as ADDED, then each change.
     * </pre>
     */
    public java.util.Iterator<dev.agentsandbox.v1.WatchResponse> watch(
        dev.agentsandbox.v1.WatchRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getWatchMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Errors: as Get.
     * </pre>
     */
    public dev.agentsandbox.v1.DeleteResponse delete(dev.agentsandbox.v1.DeleteRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service TemplateService.
   * <pre>
   * kind is "SandboxTemplate", "SandboxWarmPool", "SandboxClaim" or "Sandbox"; Delete and Apply take all but may refuse what a controller owns.
   * </pre>
   */
  public static final class TemplateServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<TemplateServiceFutureStub> {
    private TemplateServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected TemplateServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new TemplateServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates or updates objects as their owner wrote them; each is validated whole before any is stored. Errors: INVALID_ARGUMENT
     * (BadRequest: the path of the field and what was wrong; PodSpecUnsupported).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.ApplyResponse> apply(
        dev.agentsandbox.v1.ApplyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getApplyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Errors: NOT_FOUND (TemplateNotFound, PoolNotFound, ClaimNotFound, SandboxNotFound).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.GetResponse> get(
        dev.agentsandbox.v1.GetRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * In pages.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.ListResponse> list(
        dev.agentsandbox.v1.ListRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Errors: as Get.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.agentsandbox.v1.DeleteResponse> delete(
        dev.agentsandbox.v1.DeleteRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_APPLY = 0;
  private static final int METHODID_GET = 1;
  private static final int METHODID_LIST = 2;
  private static final int METHODID_WATCH = 3;
  private static final int METHODID_DELETE = 4;

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
        case METHODID_APPLY:
          serviceImpl.apply((dev.agentsandbox.v1.ApplyRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ApplyResponse>) responseObserver);
          break;
        case METHODID_GET:
          serviceImpl.get((dev.agentsandbox.v1.GetRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.GetResponse>) responseObserver);
          break;
        case METHODID_LIST:
          serviceImpl.list((dev.agentsandbox.v1.ListRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.ListResponse>) responseObserver);
          break;
        case METHODID_WATCH:
          serviceImpl.watch((dev.agentsandbox.v1.WatchRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.WatchResponse>) responseObserver);
          break;
        case METHODID_DELETE:
          serviceImpl.delete((dev.agentsandbox.v1.DeleteRequest) request,
              (io.grpc.stub.StreamObserver<dev.agentsandbox.v1.DeleteResponse>) responseObserver);
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
          getApplyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.ApplyRequest,
              dev.agentsandbox.v1.ApplyResponse>(
                service, METHODID_APPLY)))
        .addMethod(
          getGetMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.GetRequest,
              dev.agentsandbox.v1.GetResponse>(
                service, METHODID_GET)))
        .addMethod(
          getListMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.ListRequest,
              dev.agentsandbox.v1.ListResponse>(
                service, METHODID_LIST)))
        .addMethod(
          getWatchMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              dev.agentsandbox.v1.WatchRequest,
              dev.agentsandbox.v1.WatchResponse>(
                service, METHODID_WATCH)))
        .addMethod(
          getDeleteMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.agentsandbox.v1.DeleteRequest,
              dev.agentsandbox.v1.DeleteResponse>(
                service, METHODID_DELETE)))
        .build();
  }

  private static abstract class TemplateServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    TemplateServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return dev.agentsandbox.v1.Template.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("TemplateService");
    }
  }

  private static final class TemplateServiceFileDescriptorSupplier
      extends TemplateServiceBaseDescriptorSupplier {
    TemplateServiceFileDescriptorSupplier() {}
  }

  private static final class TemplateServiceMethodDescriptorSupplier
      extends TemplateServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    TemplateServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (TemplateServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new TemplateServiceFileDescriptorSupplier())
              .addMethod(getApplyMethod())
              .addMethod(getGetMethod())
              .addMethod(getListMethod())
              .addMethod(getWatchMethod())
              .addMethod(getDeleteMethod())
              .build();
        }
      }
    }
    return result;
  }
}
